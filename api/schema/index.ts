export { crdSchema, customResourceDefinition } from './crd.ts';
export type { Version } from './model.ts';
export type { OpenApiSchema } from './openapi.ts';
export { type ServingKind, versions } from './resources.ts';
