import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { childName, suffixes } from '../../api/names.ts';
import type { AppliedConfig, LLMInferenceServiceSpec } from '../../api/types.ts';
import { ApiError, isInvalid, textOf } from '../runtime/api-error.ts';
import type { Client } from '../runtime/client.ts';
import type { StoredService } from './pass.ts';

/** What the API server thinks of an effective spec. */
export type SpecVerdict =
  | { readonly valid: true }
  | { readonly valid: false; readonly message: string }
  | { readonly unavailable: string; readonly error: Error };

/** Validates effective specs against the schema, the CEL rules and the webhooks of the service kind. */
export interface SpecValidator {
  validate(service: StoredService, spec: LLMInferenceServiceSpec, configs: readonly AppliedConfig[]): Promise<SpecVerdict>;
  forget(uid: string): void;
}

/**
 * Validates by a dry-run create under a generated name (R2.90 - R2.92), because configs may hold templates that only the merged
 * result makes valid or not. A spec that was found valid is not sent again until it changes (B15 of chapter 02).
 */
export function createSpecValidator(client: Client): SpecValidator {
  const valid = new Map<string, string>();
  return {
    async validate(service, spec, configs) {
      const { uid, name, namespace } = service.metadata;
      const digest = createHash('sha256').update(JSON.stringify(spec)).digest('base64');
      if (valid.get(uid) === digest) return { valid: true };
      const probe: KubeObject = {
        apiVersion: kinds.service.apiVersion,
        kind: kinds.service.kind,
        metadata: { generateName: childName(name, suffixes.validation), namespace },
        spec: withJsonConfig(spec),
      };
      try {
        await client.create(probe, { dryRun: true });
        valid.set(uid, digest);
        return { valid: true };
      } catch (error) {
        valid.delete(uid);
        const message = `dry-run validation failed after merging configs [${configs.map(describe).join(', ')}]: ${detailOf(error)}`;
        return isInvalid(error) ? { valid: false, message } : { unavailable: message, error: error as Error };
      }
    },
    forget: (uid) => {
      valid.delete(uid);
    },
  };
}

const describe = ({ source, namespace, name }: AppliedConfig): string => `${source}:${namespace}/${name}`;

/** The causes, which name fields and not the generated name (R2.94). */
function detailOf(error: unknown): string {
  const causes = error instanceof ApiError ? error.causes : [];
  if (causes.length === 0) return textOf(error);
  return causes.map(({ field, message = '' }) => (field ? `${field}: ${message}` : message)).join('; ');
}

/** The configuration from a ConfigMap is text, YAML or JSON; the schema wants an object (R2.91). */
function withJsonConfig(spec: LLMInferenceServiceSpec): LLMInferenceServiceSpec {
  const { router } = spec;
  const inline = router?.scheduler?.config?.inline;
  if (typeof inline !== 'string') return spec;
  let parsed: unknown;
  try {
    parsed = parse(inline);
  } catch {
    return spec;
  }
  return { ...spec, router: { ...router, scheduler: { ...router?.scheduler, config: { ...router?.scheduler?.config, inline: parsed } } } };
}
