import { expect } from 'chai';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { annotations } from '../../api/metadata.ts';
import { service } from '../support/manifests.ts';
import type { RunningOperator } from '../support/operator.ts';
import { rests, untilPassed } from '../support/requests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, actor, clear, condition, given, isGone, isReady, type Place } from '../support/story.ts';

const groups = { worker: {}, parallelism: { data: 2, dataLocal: 1 }, prefill: { worker: {}, parallelism: { data: 2, dataLocal: 1 } } };
const shapes = [
  service('x')
    .with({ prefill: {}, scaling: { maxReplicas: 2, wva: { hpa: {} } } })
    .annotated('serving.kserve.io/exp-dra-device-class', 'gpu.example.com'),
  service('x').with({ ...groups, scaling: { maxReplicas: 2, keda: { triggers: [{ type: 'cpu', metadata: { value: '60' } }] } } }),
];

describe('objects of somebody else that have the names of children (R3.40, B3.10)', function () {
  this.timeout(120_000);
  let operator: RunningOperator;
  let mold: Place;
  let place: Place;
  let foreign: Map<string, { kind: Kind; object: KubeObject }>;

  before(async () => {
    operator = await sharedOperator();
    mold = await openPlace('mold');
    place = await openPlace('foreign');
    foreign = new Map();
    for (const shape of shapes) {
      const model = await given(mold, shape);
      await model.reaches(condition('PresetsCombined', 'True'), () => rests(operator));
      for (const [key, child] of await model.children()) {
        const kind = kindNamed(key);
        if (!kind.namespaced || foreign.has(key)) continue;
        const object = disowned({ ...child, apiVersion: kind.apiVersion, kind: kind.kind }, place.namespace);
        foreign.set(key, { kind, object: await place.admin.create(object) });
      }
      await clear(mold);
    }
  });
  after(async () => {
    await clear(mold);
    await clear(place);
  });

  const versions = async () => {
    const found: [string, string | undefined][] = [];
    for (const [key, { kind, object }] of foreign) {
      const live = await place.admin.get(kind, place.namespace, object.metadata.name ?? '');
      found.push([key, live && `${live.metadata.uid} ${live.metadata.generation ?? live.metadata.resourceVersion}`]);
    }
    return Object.fromEntries(found);
  };

  it('are of every kind a service has', () => {
    const found = new Set([...foreign.values()].map(({ kind }) => kind.plural));
    expect([...found]).to.include.members(
      [
        kinds.deployment,
        kinds.leaderWorkerSet,
        kinds.coreService,
        kinds.secret,
        kinds.serviceAccount,
        kinds.role,
        kinds.roleBinding,
        kinds.horizontalPodAutoscaler,
        kinds.scaledObject,
        kinds.resourceClaimTemplate,
        kinds.httpRoute,
        kinds.inferencePool,
      ].map(({ plural }) => plural),
    );
  });

  for (const [index, shape] of shapes.entries()) {
    it(`are not touched while a service of shape ${index + 1} is created, changed, stopped and deleted`, async () => {
      const before = await versions();
      const x = await given(place, shape);
      await x.reaches(condition('WorkloadsReady', 'False', undefined, /it is not controlled by v1alpha2\.LLMInferenceService/), () =>
        rests(operator),
      );
      await untilPassed(operator, () => x.change({ spec: { labels: { team: 'red' } } }));
      expect(await versions()).to.deep.equal(before);
      await x.annotate(annotations.stop, 'true');
      await x.reaches(condition('Ready', 'False', 'Stopped'));
      expect(await versions()).to.deep.equal(before);
      await x.delete();
      await x.reaches(isGone);
      expect(await versions()).to.deep.equal(before);
    });
  }

  it('do not stand in the way of a service that needs other names', async () => {
    const other = await given(place, service('y'));
    await other.reaches(isReady);
  });

  it('stay when the workloads whose names they have are not wanted', async () => {
    const z: Actor = await given(place, service('z'));
    await z.reaches(isReady);
    const prefill = foreign.get('Deployment/x-kserve-prefill');
    if (!prefill) throw new Error('there is no foreign prefill Deployment');
    const object = { ...prefill.object, metadata: { ...prefill.object.metadata, name: 'z-kserve-prefill' } };
    const { metadata } = await place.admin.create(disowned(object, place.namespace));
    await untilPassed(operator, () => z.annotate('example.com/touched', '1'));
    await actor(place, 'z').reaches(isReady);
    expect((await place.admin.get(prefill.kind, place.namespace, 'z-kserve-prefill'))?.metadata.uid).to.equal(metadata.uid);
  });
});

/** The kind of a child by its key (`Deployment/x-kserve`). */
function kindNamed(key: string): Kind {
  const [name = ''] = key.split('/');
  const found = name === 'v1alpha2.InferencePool' ? kinds.inferencePoolAlpha : Object.values(kinds).find(({ kind }) => kind === name);
  if (!found) throw new Error(`unknown kind ${name}`);
  return found;
}

/** The same object as if a user had made it. */
function disowned({ apiVersion, kind, metadata: { name, labels }, status: _, ...rest }: KubeObject, namespace: string): KubeObject {
  const spec = rest.spec as Record<string, unknown> | undefined;
  const { clusterIP: _ip, clusterIPs: _ips, ...stated } = spec ?? {};
  const { subjects, ...others } = rest as { subjects?: { namespace?: string }[] };
  return {
    ...others,
    ...(spec ? { spec: stated } : {}),
    ...(subjects ? { subjects: subjects.map((subject) => ({ ...subject, namespace })) } : {}),
    apiVersion,
    kind,
    metadata: { name, namespace, labels },
  } as KubeObject;
}
