import { expect } from 'chai';
import { get } from '../../api/inquiry.ts';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { suffixes } from '../../api/names.ts';
import { reject } from '../../api/rejection.ts';
import type { Distribution } from '../../assess/distribution.ts';
import { child } from '../../render/identity.ts';
import { service } from '../support/manifests.ts';
import { type RunningOperator, startOperator } from '../support/operator.ts';
import { coreService } from '../support/router-fixtures.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { clear, condition, given, has, isReady, lacks, type Place } from '../support/story.ts';

const PERMIT = 'permit';
const MESH_SUFFIX = '-mesh';

/** Routes need a Service called permit; every service gets one more Service, unless its permit says that the mesh is down, and one more URL. */
const demanding: Distribution = {
  *unmetPrecondition({ service: { metadata } }) {
    const permit = yield* get(kinds.coreService, metadata.namespace, PERMIT);
    return permit ? undefined : 'there is no permit';
  },
  *renderNetworking(context) {
    const { name, namespace } = context.service.metadata;
    const permit = yield* get(kinds.coreService, namespace, PERMIT);
    const isDown = permit?.metadata.annotations?.mesh === 'down';
    const mesh = { ...child(context, kinds.coreService, `${name}${MESH_SUFFIX}`), spec: { ports: [{ port: 80 }] } };
    const rejection = reject('MeshDown', 'the mesh is down');
    return [{ name: 'platformNetworking', present: context.stopped || isDown ? [] : [mesh], absent: [], ...(isDown ? { rejection } : {}) }];
  },
  // biome-ignore lint/correctness/useYield: there is nothing to ask
  *discoverUrls({ service: { metadata } }, found) {
    const origin = { group: 'route.openshift.io', kind: 'Route', name: 'edge', namespace: 'ingress' };
    const path = `/${metadata.namespace}/${metadata.name}`;
    const url = `https://apps.example.com${path}`;
    return found.length === 0 ? [] : [{ url, scheme: 'https', host: 'apps.example.com', path, modelRouting: false, origin }];
  },
  watchedKinds: [],
};

describe('a distribution with demands of its own (R5.6)', () => {
  let place: Place;
  let operator: RunningOperator;

  before(async () => {
    operator = await startOperator(await siteWithoutOperator(), {}, { run: { distribution: demanding } });
    place = await openPlace('distribution');
  });
  after(async () => {
    try {
      await clear(place);
    } finally {
      await operator.stop();
      await sharedOperator();
    }
  });

  it('holds routes back, adds objects and URLs, and says what it cannot do', async () => {
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(
      condition('HTTPRoutesReady', 'False', 'GatewayPreconditionNotMet', 'there is no permit'),
      condition('RouterReady', 'False', 'GatewayPreconditionNotMet'),
      condition('WorkloadsReady', 'True'),
      lacks(kinds.httpRoute, suffixes.route),
    );
    expect((await qwen.events()).map(({ reason }) => reason)).not.to.include('Error');

    await place.admin.create(coreService(PERMIT, place.namespace, { ports: [80] }) as object as KubeObject);
    await qwen.reaches(isReady, has(kinds.httpRoute, suffixes.route), has(kinds.coreService, MESH_SUFFIX), async () => {
      const { addresses = [] } = (await qwen.stored()).status ?? {};
      expect(addresses.at(-1)).to.deep.include({ url: `https://apps.example.com/${place.namespace}/qwen`, name: 'gateway-external' });
      expect(addresses.at(-1)?.origin).to.include({ kind: 'Route', name: 'edge' });
    });

    await place.admin.patch(kinds.coreService, place.namespace, PERMIT, { metadata: { annotations: { mesh: 'down' } } });
    const message = 'Failed to reconcile platform networking: the mesh is down';
    await qwen.reaches(condition('HTTPRoutesReady', 'False', 'PlatformNetworkingReconcileError', message));
    await place.admin.patch(kinds.coreService, place.namespace, PERMIT, { metadata: { annotations: { mesh: null } } });
    await qwen.reaches(isReady);

    await place.admin.delete(kinds.coreService, place.namespace, PERMIT);
    await qwen.reaches(condition('HTTPRoutesReady', 'False', 'GatewayPreconditionNotMet'), lacks(kinds.httpRoute, suffixes.route));
  });
});
