import { applyDefaults } from '../api/default.ts';
import { errorBody } from '../api/field-error.ts';
import { type Answer, answer, type Question } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import { isRejection, type Rejection } from '../api/rejection.ts';
import { checkStructure } from '../api/structure.ts';
import type { LLMInferenceService, LLMInferenceServiceConfig, LLMInferenceServiceSpec } from '../api/types.ts';
import { validateService } from '../api/validate/service.ts';
import { INLINE_CONFIG } from '../api/warn/scheduler.ts';
import { type Assembled, assemble } from '../assemble/assemble.ts';
import { originOf } from '../assemble/config-lookup.ts';
import { parseSettings } from '../assemble/parse-settings.ts';
import type { Settings } from '../assemble/settings.ts';
import { planService } from '../assess/plan.ts';
import type { Context } from '../render/children.ts';
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

/**
 * Reasons and fields of failures that lie in what the service, or a config it names, states. Everything else depends on objects that may
 * still appear: that stays a condition of the status, as does a config that does not exist. A stage of the workload has one reason for
 * all its failures, so there the field tells.
 */
const ownReasons: ReadonlySet<string> = new Set([
  'CombineBaseError',
  'InvalidSchedulerVersion',
  'InvalidSchedulerConfig',
  'InvalidSchedulerFlag',
  'UnwritableSchedulerConfig',
  'InvalidInferencePool',
]);
const ADAPTERS = 'spec.model.lora.adapters';

const isOwnFault = ({ reason, field = '', message }: Rejection): boolean =>
  (ownReasons.has(reason) || field === ADAPTERS) && !silent.some((pattern) => pattern.test(message));

/**
 * Failures that the reference is known to accept without a word; the number of warnings is part of what clients see
 * (docs/decisions/0005-admission.md).
 */
const silent: readonly RegExp[] = [/can't evaluate field/, /failed to enumerate LoRA adapters/];

/** More would be cut off by the API server. */
const MOST_WARNINGS = 8;
const NO_UID = '00000000-0000-0000-0000-000000000000';

/**
 * Warns of what will keep a valid service from being assembled or rendered, and of an effective spec that the API server will not
 * accept (R2.90), from what the caches know. Nothing is asked of the API server.
 */
export async function warnOfRendering(service: LLMInferenceService, namespace: string, sources: AdmissionSources): Promise<string[]> {
  const doubts = doubtsAbout(service.spec ?? {});
  const ground = doubts.any ? await findGround(sources) : undefined;
  if (!ground) return [];
  const plan = answer(planService(asStored(service, namespace), ground.settings, sources.options, doubts), ground.respond);
  if (isRejection(plan)) return textsOf([plan]);
  const { assembled, stages } = plan;
  const rejections = [...stages.flatMap(({ rejection }) => rejection ?? []), ...(plan.rejection ? [plan.rejection] : [])];
  const config = doubts.scheduler ? warnOfForeignConfig(service, assembled) : [];
  return [...textsOf(rejections), ...(doubts.spec ? warnOfEffectiveSpec(assembled) : []), ...config].slice(0, MOST_WARNINGS);
}

/**
 * Where to look. What a valid service states in plain words on top of the presets comes out valid; it takes configs, templates, parts
 * of a scheduler or adapters to make a spec that fails. Most services have none of these and cost nothing here.
 */
function doubtsAbout(spec: LLMInferenceServiceSpec): { readonly any: boolean; readonly spec: boolean; readonly scheduler: boolean } {
  const isLayered = (spec.baseRefs?.length ?? 0) > 0;
  const isTemplated = JSON.stringify(spec).includes('{{');
  const { template, config, pool } = spec.router?.scheduler ?? {};
  const isPicky = isLayered || (template?.containers?.length ?? 0) > 0 || config !== undefined || pool !== undefined;
  const hasAdapters = (spec.model?.lora?.adapters?.length ?? 0) > 0;
  const any = isLayered || isTemplated || isPicky || hasAdapters;
  return { any, spec: isLayered || isTemplated, scheduler: isPicky };
}

/** The service as it will be stored: defaulted, and with what the API server gives it. */
function asStored(service: LLMInferenceService, namespace: string): Context['service'] {
  const { name, generateName = '' } = service.metadata;
  const metadata = { ...service.metadata, name: name || generateName, namespace: service.metadata.namespace ?? namespace, uid: NO_UID };
  return applyDefaults({ ...service, metadata }) as Context['service'];
}

function textsOf(rejections: readonly Rejection[]): string[] {
  return [...new Set(rejections.filter(isOwnFault).map(({ field = 'spec', message }) => `${field}: ${message}`))];
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
