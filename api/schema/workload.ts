import type { WorkloadSpec } from '../types.ts';
import { persistentVolumeClaimSpec, podTemplate } from './embedded.ts';
import type { Version } from './model.ts';
import { boolean, described, int32, intOrString, list, object, quantity, type Rule, rule, type SchemaNode, string, stringMap } from './node.ts';
import { scaling } from './scaling.ts';

const degree = (description: string): SchemaNode => int32(description, { minimum: 1, pointer: true });

const parallelism = object(
  'How one replica is spread over accelerators and nodes.',
  {
    tensor: degree('Accelerators that share every layer.'),
    pipeline: degree('Nodes that the layers are split over.'),
    data: degree('Copies of the engine behind one endpoint, over all nodes of a replica.'),
    dataLocal: degree('Copies of the engine per node.'),
    dataRPCPort: int32('Port of the data-parallel coordination.', { minimum: 1, maximum: 65535, pointer: true }),
    expert: boolean('Whether the experts of a mixture-of-experts model are spread over the accelerators.'),
  },
  { typescript: { name: 'ParallelismSpec' } },
);

const fileSystemTier = object(
  'A tier on a file system: one of emptyDir and pvc.',
  {
    emptyDir: object('A directory on the node.', { size: quantity('Its size.') }, { required: ['size'] }),
    pvc: object('A persistent volume claim: one of spec and ref.', {
      spec: described('Every pod gets a claim of its own with this spec.', persistentVolumeClaimSpec),
      ref: object(
        'A claim that exists; all pods share it.',
        { name: string('Name of the claim.'), path: string('Directory inside the volume.') },
        { required: ['name'] },
      ),
    }),
  },
  { typescript: { name: 'FileSystemTierSpec' } },
);

const kvCacheOffloading = object(
  'Tiers below accelerator memory for the KV cache.',
  {
    cpu: quantity('CPU memory per pod for the cache.'),
    evictionPolicy: string('Which blocks leave a full tier first.', { enum: ['lru', 'arc'], default: 'lru' }),
    secondary: list(
      'Further tiers, fastest first.',
      object('A further tier.', { fileSystem: fileSystemTier }, { typescript: { name: 'SecondaryTierSpec' } }),
    ),
  },
  { required: ['cpu'], typescript: { name: 'KVCacheOffloadingSpec' } },
);

const rolloutStrategy = object(
  'How pods are replaced on a change. Unset: 25% and 25% for single-node workloads, 1 and 0 for multi-node ones.',
  {
    maxUnavailable: intOrString('How many replicas may be missing during an update: a number or a percentage.', { pointer: true }),
    maxSurge: intOrString('How many replicas may be there in addition: a number or a percentage.', { pointer: true }),
  },
  { typescript: { name: 'RolloutStrategySpec' } },
);

/** W of R1.6. */
export const workloadRules: readonly Rule[] = [
  rule<WorkloadSpec>(
    '!(has(self.replicas) && has(self.scaling))',
    'replicas and scaling are mutually exclusive; use scaling for autoscaled deployments or replicas for static deployments',
    (self) => self.replicas === undefined || self.scaling === undefined,
  ),
];

/** Fields of a workload, at the top level of a spec and under `prefill` (R1 §2.2, §2.9). */
export const workloadFields = (version: Version): Readonly<Record<string, SchemaNode>> => ({
  replicas: int32('Number of replicas. Excludes scaling.', { minimum: 0, pointer: true }),
  scaling,
  parallelism,
  labels: stringMap('Labels for the pods.'),
  annotations: stringMap('Annotations for the pods.'),
  template: described(
    'Pod of the model server; the leader where there are workers. Merged with the preset, so it names only what differs. The init container storage-initializer may be customised in env, resources, volumeMounts and image.',
    podTemplate,
  ),
  worker: described('Pod of the workers of a multi-node workload. Its presence makes the workload multi-node.', podTemplate),
  ...(version === 'v1alpha2' && { kvCacheOffloading }),
  rolloutStrategy,
});

export const prefill = (version: Version): SchemaNode =>
  object('The prefill workload. Its presence turns the main workload into the decode workload.', workloadFields(version), {
    'x-kubernetes-validations': workloadRules,
    typescript: { name: 'WorkloadSpec', doc: 'A workload: pods of one kind, their number and shape.' },
  });
