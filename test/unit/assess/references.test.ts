import { expect } from 'chai';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { validateReferences } from '../../../assess/references.ts';
import { ask } from '../../support/answers.ts';
import { context, gateway, httpRoute } from '../../support/router-fixtures.ts';

const validate = (router: LLMInferenceServiceSpec['router'], objects: object[] = [], overrides: object = {}) =>
  ask(validateReferences(context({ ...(router ? { spec: { router } } : {}), ...overrides })), objects);
const invalid = (type: string, message: string) => ({ type, status: 'False', reason: 'RefsInvalid', message });
const valid = (type: string) => ({ type, clear: true });

describe('validation of references (R5.22)', () => {
  it('passes without router and clears what it could have set', () => {
    expect(validate(undefined)).to.deep.equal({ conditions: [valid('GatewaysReady'), valid('HTTPRoutesReady')] });
  });

  it('collects missing gateways, with the namespace of the service as default', () => {
    const { conditions, failure } = validate({ gateway: { refs: [{ name: 'a' }, { name: 'b', namespace: 'x' }, { name: 'there' }] } }, [
      gateway({ name: 'there', namespace: 'ns' }),
    ]);
    expect(failure).to.equal('Gateway ns/a does not exist; Gateway x/b does not exist');
    expect(conditions).to.deep.equal([invalid('GatewaysReady', failure ?? '')]);
  });

  it('stops at a missing gateway before a missing route (R5.26)', () => {
    const { conditions } = validate({ gateway: { refs: [{ name: 'a' }] }, route: { http: { refs: [{ name: 'r' }] } } });
    expect(conditions).to.deep.equal([invalid('GatewaysReady', 'Gateway ns/a does not exist')]);
  });

  it('clears GatewaysReady when only a route is missing (R5.23)', () => {
    const { conditions } = validate({ route: { http: { refs: [{ name: 'r' }, { name: 's' }] } } });
    expect(conditions).to.deep.equal([
      valid('GatewaysReady'),
      invalid('HTTPRoutesReady', 'HTTPRoute ns/r does not exist; HTTPRoute ns/s does not exist'),
    ]);
  });

  it('finds a missing parent of the managed route', () => {
    const { conditions } = validate({ route: { http: { spec: { parentRefs: [{ name: 'a' }, { name: 'b', namespace: 'x' }] } } } });
    expect(conditions).to.deep.equal([
      valid('GatewaysReady'),
      invalid('HTTPRoutesReady', 'Managed HTTPRoute references non-existent Gateway ns/a; Managed HTTPRoute references non-existent Gateway x/b'),
    ]);
  });

  it('finds own routes without parents and with missing ones', () => {
    const routes = [httpRoute({ name: 'bare' }), httpRoute({ name: 'lost', parentRefs: [{ name: 'gone' }] })];
    const { failure } = validate({ route: { http: { refs: [{ name: 'bare' }, { name: 'lost' }] } } }, routes);
    expect(failure).to.equal(
      'HTTPRoute target validation failed: HTTPRoute ns/bare has no parent gateway references; HTTPRoute ns/lost references non-existent Gateway ns/gone',
    );
  });

  it('does not look for a Service parent among the Gateways (B5.21)', () => {
    const mesh = httpRoute({ name: 'mesh', parentRefs: [{ group: '', kind: 'Service', name: 'svc' }] });
    expect(validate({ route: { http: { refs: [{ name: 'mesh' }] } } }, [mesh]).failure).to.equal(undefined);
  });

  it('is skipped for a stopped service (B5.21)', () => {
    expect(validate({ gateway: { refs: [{ name: 'a' }] } }, [], { stopped: true })).to.deep.equal({ conditions: [] });
  });
});
