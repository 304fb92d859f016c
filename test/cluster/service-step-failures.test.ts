import { expect } from 'chai';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { annotations } from '../../api/metadata.ts';
import { childName, suffixes } from '../../api/names.ts';
import { type ServiceManifest, service } from '../support/manifests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { clear, condition, given, hasNoCondition, isReady, type Place } from '../support/story.ts';

const group = { worker: {}, parallelism: { data: 2, dataLocal: 1 } };
const pods = { metadata: { labels: { app: 'theirs' } }, spec: { containers: [{ name: 'theirs', image: 'example.com/theirs:1' }] } };
const deployment = { spec: { replicas: 0, selector: { matchLabels: { app: 'theirs' } }, template: pods } };
const leaderWorkerSet = { spec: { replicas: 0, leaderWorkerTemplate: { workerTemplate: pods } } };
const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'theirs' };
const claims = { spec: { spec: { devices: { requests: [{ name: 'device', exactly: { deviceClassName: 'theirs' } }] } } } };

/** What stands in the way: objects of others with the names of children. */
const obstacles = {
  certificate: [kinds.secret, suffixes.certificate, {}],
  devices: [kinds.resourceClaimTemplate, suffixes.managedDra, claims],
  account: [kinds.serviceAccount, suffixes.main, {}],
  role: [kinds.role, suffixes.mainRole, {}],
  binding: [kinds.roleBinding, suffixes.mainRoleBinding, { roleRef: role }],
  main: [kinds.deployment, suffixes.main, deployment],
  prefill: [kinds.deployment, suffixes.prefill, deployment],
  'account of groups': [kinds.serviceAccount, suffixes.mainMultiNode, {}],
  'account of prefill groups': [kinds.serviceAccount, suffixes.prefillMultiNode, {}],
  groups: [kinds.leaderWorkerSet, suffixes.mainMultiNode, leaderWorkerSet],
  'prefill groups': [kinds.leaderWorkerSet, suffixes.prefillMultiNode, leaderWorkerSet],
  'workload Service': [kinds.coreService, suffixes.workloadService, { spec: { ports: [{ port: 80 }] } }],
} as const satisfies Record<string, readonly [Kind, string, object]>;

const oneNode = service('x').annotated(annotations.draDeviceClass, 'gpu.example.com');
const split = oneNode.with({ prefill: {} });
const shapes = {
  'one node': oneNode,
  'prefill and decode': split,
  'several nodes': oneNode.with(group),
  'prefill on several nodes': oneNode.with({ prefill: group }),
  'decode on several nodes': oneNode.with({ ...group, prefill: {} }),
  'both on several nodes': oneNode.with({ ...group, prefill: group }),
} as const satisfies Record<string, ServiceManifest>;

const [main, worker, prefill, prefillWorker] = ['Main', 'Worker', 'Prefill', 'PrefillWorker'].map((type) => `${type}WorkloadReady`) as [
  string,
  string,
  string,
  string,
];
const [single, multi] = ['ReconcileSingleNodeWorkloadError', 'ReconcileMultiNodeWorkloadError'] as const;
const [certs, serving] = ['ReconcileCertsError', 'ReconcileWorkloadServiceError'] as const;

type Case = readonly [obstacle: keyof typeof obstacles, shape: keyof typeof shapes, condition: string, reason: string];
const cases: readonly Case[] = [
  ['certificate', 'one node', main, certs],
  ['devices', 'one node', main, single],
  ['account', 'prefill and decode', main, single],
  ['role', 'prefill and decode', main, single],
  ['binding', 'prefill and decode', main, single],
  ['main', 'one node', main, single],
  ['prefill', 'prefill and decode', main, single],
  ['workload Service', 'one node', main, serving],
  ['certificate', 'several nodes', worker, certs],
  ['devices', 'several nodes', worker, multi],
  ['account of groups', 'several nodes', worker, multi],
  ['groups', 'several nodes', worker, multi],
  ['workload Service', 'several nodes', worker, serving],
  ['prefill groups', 'both on several nodes', worker, multi],
  ['devices', 'prefill on several nodes', main, single],
  ['account of prefill groups', 'prefill on several nodes', prefillWorker, multi],
  ['prefill groups', 'prefill on several nodes', prefillWorker, multi],
  ['devices', 'decode on several nodes', worker, multi],
  ['prefill', 'decode on several nodes', prefill, single],
];

describe('a step that fails (R3.42, R3.55, R3.70, B3.15)', () => {
  let place: Place;

  before(async () => {
    await sharedOperator();
    place = await openPlace('steps');
  });
  afterEach(() => clear(place));

  for (const [obstacle, shape, type, reason] of cases) {
    it(`is shown on ${type} for ${obstacle} of ${shape}, and on no condition of another topology`, async () => {
      const [kind, suffix, body] = obstacles[obstacle];
      const name = childName('x', suffix);
      const { apiVersion, kind: kindName } = kind;
      await place.admin.create({ apiVersion, kind: kindName, metadata: { name, namespace: place.namespace }, ...body } as KubeObject);
      const x = await given(place, shapes[shape]);
      const spec = shapes[shape].object.spec as { worker?: object; prefill?: { worker?: object } };
      const wanted = [spec.worker ? worker : main, ...(spec.prefill ? [spec.prefill.worker ? prefillWorker : prefill] : [])];
      const others = [main, worker, prefill, prefillWorker].filter((other) => !wanted.includes(other));
      await x.reaches(
        condition(type, 'False', reason, new RegExp(`${kind.kind} ${place.namespace}/${name}: it is not controlled by`)),
        condition('WorkloadsReady', 'False', reason),
        condition('Ready', 'False', reason),
        ...others.map(hasNoCondition),
      );
      expect(wanted).to.include(type);
      await place.admin.delete(kind, place.namespace, name);
      await x.reaches(isReady);
    });
  }
});
