import { boolean, int32, object, type SchemaNode, string } from './node.ts';

export type Version = 'v1alpha1' | 'v1alpha2';

const criticality = string('How important the model is when capacity is short.', { enum: ['Critical', 'Standard', 'Sheddable'], pointer: true });

const confidential = object(
  'Download of an encrypted model, which is decrypted inside a trusted execution environment.',
  {
    enabled: boolean('Whether the model is encrypted.'),
    resourceId: string('Where the key broker keeps the decryption key: kbs:///<repository>/<type>/<tag>.', { pointer: true }),
  },
  { required: ['enabled'], typescript: { name: 'ConfidentialSpec' } },
);

/** The adapters' type is the model's own, so a CRD cannot spell it out (R1 §2.3); offline checks and the merge can. */
function adapters(version: Version): SchemaNode {
  return {
    description: 'The LoRA adapters: models with a name and a uri of their own (hf://, s3:// or pvc://).',
    'x-kubernetes-preserve-unknown-fields': true,
    shape: () => adapterLists[version],
  };
}

const lora = (version: Version): SchemaNode =>
  object(
    'LoRA adapters that are served next to the base model.',
    {
      adapters: adapters(version),
      maxRank: int32('Largest adapter rank the engine prepares for.', { minimum: 1, pointer: true }),
      maxAdapters: int32('How many adapters can be active in one batch.', { minimum: 1, pointer: true }),
      maxCpuAdapters: int32('How many adapters are kept in CPU memory.', { minimum: 1, pointer: true }),
    },
    { typescript: { name: 'LoRASpec' } },
  );

/** ModelSpec (R1 §2.3, §2.9). `uri` is required, and still dropped from a merge layer when it is empty (R2.32). */
function modelSpec(version: Version): SchemaNode {
  return object(
    'The model to serve.',
    {
      uri: string('Where the model is: hf://, s3://, pvc://, oci:// and other schemes of the storage initializer.'),
      name: string('Name of the model in requests. Defaults to the name of the service; required for LoRA adapters.', { pointer: true }),
      lora: lora(version),
      ...(version === 'v1alpha1' ? { criticality } : { confidential }),
    },
    { required: ['uri'], alwaysWritten: [], typescript: { name: 'ModelSpec' } },
  );
}

export const models: Readonly<Record<Version, SchemaNode>> = { v1alpha1: modelSpec('v1alpha1'), v1alpha2: modelSpec('v1alpha2') };

const adapterLists: Readonly<Record<Version, SchemaNode>> = {
  v1alpha1: { type: 'array', items: models.v1alpha1 },
  v1alpha2: { type: 'array', items: models.v1alpha2 },
};
