import { applyDefaults } from '../api/default.ts';
import { errorBody } from '../api/field-error.ts';
import { type Answer, answer, type Question } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import { isRejection } from '../api/rejection.ts';
import { checkStructure } from '../api/structure.ts';
import type { LLMInferenceService, LLMInferenceServiceConfig, LLMInferenceServiceSpec } from '../api/types.ts';
import { validateService } from '../api/validate/service.ts';
import { INLINE_CONFIG } from '../api/warn/scheduler.ts';
import { type Assembled, assemble } from '../assemble/assemble.ts';
import { originOf } from '../assemble/config-lookup.ts';
import { parseSettings } from '../assemble/parse-settings.ts';
import type { Settings } from '../assemble/settings.ts';
import { warnOfForeignConfig } from '../render/scheduler/findings.ts';
import type { AdmissionSources } from './sources.ts';

type Respond = (question: Question) => Answer;

interface Ground {
  readonly respond: Respond;
  readonly settings: Settings;
}

/** What the caches and the ConfigMap say, or undefined while they say too little to render anything. */
async function findGround({ knowledge, settings, options }: AdmissionSources): Promise<Ground | undefined> {
  const respond = knowledge?.();
  if (!respond) return undefined;
  const configMap = await settings();
  const parsed = configMap && parseSettings(configMap.data ?? {}, options.systemNamespace);
  return parsed && !isRejection(parsed) ? { respond, settings: parsed } : undefined;
}

/** More would be cut off by the API server. */
const MOST_WARNINGS = 8;

/**
 * Warns of what the picker cannot start with in a scheduler configuration that stands in a ConfigMap, a config or the template (B4.4), from
 * what the caches know. Nothing is asked of the API server. Services that cannot be assembled are no matter of admission: their status says
 * so (docs/decisions/0005-admission.md).
 */
export async function warnOfNamedConfig(service: LLMInferenceService, namespace: string, sources: AdmissionSources): Promise<string[]> {
  const ground = mayNameConfig(service.spec ?? {}) ? await findGround(sources) : undefined;
  if (!ground) return [];
  const placed = { ...service, metadata: { ...service.metadata, namespace: service.metadata.namespace ?? namespace } };
  const assembled = answer(assemble(applyDefaults(placed), ground.settings, sources.options), ground.respond);
  return isRejection(assembled) ? [] : warnOfForeignConfig(service, assembled).slice(0, MOST_WARNINGS);
}

/** Most services leave the picker's configuration to the presets, and cost nothing here. */
function mayNameConfig({ baseRefs = [], router }: LLMInferenceServiceSpec): boolean {
  const { config, template } = router?.scheduler ?? {};
  return baseRefs.length > 0 || config?.ref !== undefined || (template?.containers?.length ?? 0) > 0;
}

function warnOfEffectiveSpec({ spec, appliedConfigs }: Assembled): string[] {
  const { apiVersion, kind } = kinds.service;
  const effective: LLMInferenceService = { apiVersion, kind, metadata: {}, spec };
  // Where the picker's configuration comes from a ConfigMap it is still the text that stood there (R2.91).
  const structure = checkStructure(effective).filter(({ field }) => field.startsWith('spec') && field !== INLINE_CONFIG);
  const errors = [...structure, ...validateService(effective, undefined, 'v1alpha2').errors];
  const causes = appliedConfigs.map(originOf).join(', ');
  return errors.map((error) => `${error.field}: ${errorBody(error)} (after merging ${causes})`);
}

/** A config of the system namespace may be used by everything there is. */
const MOST_USERS = 20;

/** Warns of services that a changed config would keep from being assembled, though they are now (B18 of chapter 1). */
export async function warnOfUsers(config: LLMInferenceServiceConfig, sources: AdmissionSources): Promise<string[]> {
  const ground = await findGround(sources);
  const { name = '', namespace = '' } = config.metadata;
  const users = sources.servicesUsing?.(name).filter((service) => !service.metadata.deletionTimestamp) ?? [];
  if (!ground || users.length === 0) return [];
  const respond: Respond = (question) =>
    question.ask === 'get' && question.kind === kinds.config && question.name === name && question.namespace === namespace
      ? (config as Answer)
      : ground.respond(question);
  const failureOf = (service: LLMInferenceService, answers: Respond): string | undefined => {
    const assembled = answer(assemble(applyDefaults(service), ground.settings, sources.options), answers);
    return isRejection(assembled) ? assembled.message : warnOfEffectiveSpec(assembled)[0];
  };
  return users
    .slice(0, MOST_USERS)
    .flatMap((service) => {
      const failure = failureOf(service, respond);
      if (failure === undefined || failureOf(service, ground.respond) !== undefined) return [];
      return [`the service ${service.metadata.namespace}/${service.metadata.name}, which uses this config, would break: ${failure}`];
    })
    .slice(0, MOST_WARNINGS);
}
