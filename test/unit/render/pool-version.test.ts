import { expect } from 'chai';
import type { HTTPRoute } from '../../../api/gateway-api.ts';
import { POOL_GROUP_V1, POOL_GROUP_V1ALPHA2 } from '../../../api/kinds.ts';
import { backendSupported } from '../../../render/pool-version.ts';
import { condition, httpRoute, poolBackend, rule, serviceBackend } from '../../support/router-fixtures.ts';

const gatewayRef = { name: 'gw', namespace: 'gw-ns' };
const accepted = condition('Accepted', 'True');
const kuadrant = { parentRef: gatewayRef, controllerName: 'kuadrant.io/policy-controller', conditions: [condition('kuadrant.io/RateLimit', 'True')] };
const reported = (status: 'True' | 'False' | 'Unknown', reason = '', parentRef = gatewayRef) => ({
  parentRef,
  conditions: [accepted, condition('ResolvedRefs', status, reason)],
});

for (const [group, other] of [
  [POOL_GROUP_V1, POOL_GROUP_V1ALPHA2],
  [POOL_GROUP_V1ALPHA2, POOL_GROUP_V1],
] as const) {
  describe(`support of ${group} backends (5.22.6)`, () => {
    const withPool = (...parents: NonNullable<NonNullable<HTTPRoute['status']>['parents']>) =>
      httpRoute({ parentRefs: [gatewayRef], rules: [rule('/svc', serviceBackend('svc')), rule('/', poolBackend('p', group))], parents });

    const table: [string, HTTPRoute | undefined, boolean | undefined][] = [
      ['no route', undefined, undefined],
      [
        'only Service backends',
        httpRoute({ parentRefs: [gatewayRef], rules: [rule('/', serviceBackend('s'))], parents: [reported('True')] }),
        undefined,
      ],
      [
        'only pools of the other group',
        httpRoute({ parentRefs: [gatewayRef], rules: [rule('/', poolBackend('p', other))], parents: [reported('True')] }),
        undefined,
      ],
      ['no status', httpRoute({ parentRefs: [gatewayRef], rules: [rule('/', poolBackend('p', group))] }), undefined],
      ['resolved references', withPool(reported('True')), true],
      ['InvalidKind', withPool(reported('False', 'InvalidKind')), false],
      ['BackendNotFound', withPool(reported('False', 'BackendNotFound')), true],
      ['an Unknown report', withPool(reported('Unknown')), true],
      ['gateway True and a policy controller', withPool(kuadrant, reported('True')), true],
      ['gateway InvalidKind and a policy controller', withPool(reported('False', 'InvalidKind'), kuadrant), false],
      [
        'InvalidKind from a foreign parent, True from the right one',
        withPool(reported('False', 'InvalidKind', { name: 'old', namespace: 'gw-ns' }), reported('True')),
        true,
      ],
      ['only a policy controller', withPool(kuadrant), undefined],
      [
        'InvalidKind and no parents in the spec',
        httpRoute({ rules: [rule('/', poolBackend('p', group))], parents: [reported('False', 'InvalidKind')] }),
        false,
      ],
    ];
    for (const [what, route, expected] of table) {
      it(`is ${expected ?? 'unknown'} with ${what}`, () => expect(backendSupported(route, group)).to.equal(expected));
    }
  });
}
