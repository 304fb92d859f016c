import { conditionTypes as c } from '../../api/conditions.ts';
import type { EventText } from '../../api/event-text.ts';
import { answerAsync } from '../../api/inquiry.ts';
import { kinds } from '../../api/kinds.ts';
import { SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import type { Options } from '../../api/options.ts';
import { isRejection, type Rejection, reject, withinStep } from '../../api/rejection.ts';
import type { AppliedConfig } from '../../api/types.ts';
import type { SettingsReading } from '../../assemble/parse-settings.ts';
import { type Settings, UnreadableSettings } from '../../assemble/settings.ts';
import type { ConditionChange } from '../../assess/condition-change.ts';
import { assessImageVolumes } from '../../assess/image-volumes.ts';
import { observeWorkloads } from '../../assess/workload-status.ts';
import { openAnswers } from '../answers.ts';
import { syncCaBundle } from '../ca-bundle.ts';
import { isForbidden, isInvalid, textOf } from '../runtime/api-error.ts';
import type { Requeue } from '../runtime/queue.ts';
import { problemText } from '../settings.ts';
import { publishStatus } from '../status-publisher.ts';
import { configure } from './configuration.ts';
import type { ServiceEnvironment } from './environment.ts';
import { ensureFinalizer, finalizeService } from './finalize.ts';
import { applyChanges, beginPass, finishedStatus, type Pass, type StoredService } from './pass.ts';
import { readinessEvents } from './readiness-events.ts';
import { reconcileRouter } from './router.ts';
import { reconcileWorkloads } from './workloads.ts';

/** The pass failed in a way that only a change of its inputs can mend: it is reported, and not repeated (R3.2 step 11). */
class ReconcileFailure extends Error {
  override readonly name = 'ReconcileFailure';
}

/**
 * One pass over a service (R3.2): makes everything in the cluster agree with its spec and publishes what became of it.
 *
 * @throws when the pass is to be repeated with backoff
 */
export async function reconcileService(environment: ServiceEnvironment, namespace: string, name: string): Promise<Requeue | undefined> {
  const { dependencies, news } = environment;
  const key = `${namespace}/${name}`;
  const cached = environment.caches.services.get(namespace, name);
  if (!cached) {
    dependencies.forget(key);
    news.forget(key);
    return undefined;
  }
  const known = environment.written.newest(cached);
  if (known.metadata.deletionTimestamp) return await finalizeService(environment, known);

  news.begin(key);
  let completed = false;
  try {
    completed = await passOver(environment, key, known);
  } finally {
    news.end(key, completed ? 'completed' : 'failed');
  }
  return undefined;
}

/** @returns whether the pass got to its end; if not, the same input would fail again */
async function passOver(environment: ServiceEnvironment, key: string, known: StoredService): Promise<boolean> {
  const { written, dependencies, news } = environment;
  const stored = await ensureFinalizer(environment, known);
  if (!stored) return true;
  written.observe(stored);
  news.startFrom(key, stored);
  const answers = openAnswers(environment, environment.now(), (question) => dependencies.add(key, question));
  const pass = beginPass(stored, environment.now(), answers);
  const failure = await attempt(() => runPass(environment, pass));
  dependencies.record(key, answers.asked());
  await publish(environment, pass, failure);
  if (!failure) return true;
  if (failure.retry) throw new ReconcileFailure(failure.message);
  environment.log.warn({ service: key, reason: failure.reason }, failure.message);
  return false;
}

async function attempt(run: () => Promise<Rejection | undefined>): Promise<Rejection | undefined> {
  try {
    return await run();
  } catch (error) {
    return reject('Unexpected', textOf(error), { retry: true });
  }
}

/** Reads the settings and runs the steps with them. A key that cannot be read stops only those who need it (B38 of chapter 1). */
async function runPass(environment: ServiceEnvironment, pass: Pass): Promise<Rejection | undefined> {
  const { conditions } = pass;
  const unavailable = (reason: string, message: string): Rejection => {
    conditions.markUnknown(c.presetsCombined, 'SettingsUnavailable', message);
    return reject(reason, message);
  };
  const reading = await environment.settings.read();
  if (!reading) return unavailable('SettingsMissing', `failed to load ingress config: ${missingSettings(environment.options)}`);
  const { problems } = reading;
  if (problems.length === 0) conditions.clear(c.settingsValid);
  else conditions.markFalse(c.settingsValid, 'SettingsInvalid', problems.map(problemText).join('; '));
  try {
    return await runSteps(environment, pass, reading);
  } catch (error) {
    if (!(error instanceof UnreadableSettings)) throw error;
    return unavailable('SettingsInvalid', error.message);
  }
}

const missingSettings = ({ systemNamespace }: Options): string =>
  `failed to load InferenceServiceConfigMap: configmaps "${SETTINGS_CONFIG_MAP}" not found in namespace ${systemNamespace}`;

/** The steps of R3.3; the first failure ends it. */
async function runSteps(environment: ServiceEnvironment, pass: Pass, { settings, good }: SettingsReading): Promise<Rejection | undefined> {
  const { options, validator } = environment;
  // Without it, the copy of the CA bundle and the advice stay as they are, and services without a download go on.
  if (good.has('storageInitializer')) {
    const bundleFailure = await syncBundle(environment, pass, settings);
    if (bundleFailure) return bundleFailure;
    applyChanges(pass.conditions, [await adviseOnImageVolumes(environment, settings)]);
  }
  const context = await configure(pass, settings, options, validator);
  if (isRejection(context)) return context;
  await protectConfigs(environment, pass);

  const { workload, scaling } = await reconcileWorkloads(pass, context, environment);
  const failure = workload ?? (await reconcileRouter(pass, context, environment));
  if (failure === 'heldBack') return scaling;
  if (failure) return { ...failure, retry: failure.retry || (scaling?.retry ?? false) };
  const { workloads, rejection } = await answerAsync(observeWorkloads(context), pass.respond);
  if (workloads) pass.status.workloads = workloads;
  else delete pass.status.workloads;
  return rejection ? withinStep(rejection, 'failed to observe workload status') : scaling;
}

async function syncBundle({ client, options }: ServiceEnvironment, pass: Pass, settings: Settings): Promise<Rejection | undefined> {
  const failure = await syncCaBundle({ client, namespace: pass.stored.metadata.namespace, settings, options, respond: pass.respond });
  if (!failure || pass.stopped) return undefined;
  pass.conditions.markUnknown(c.presetsCombined, failure.reason, failure.message);
  return failure;
}

/**
 * What a service is made of must not go from under it, so its configs have their finalizer before its first object exists (R3.120c).
 * A config that admission no longer accepts cannot get one; that is no reason to let the service wait.
 */
async function protectConfigs({ protectConfig, log }: ServiceEnvironment, { status, stored: { metadata } }: Pass): Promise<void> {
  const protectOne = async (config: AppliedConfig): Promise<void> => {
    try {
      await protectConfig(config);
    } catch (error) {
      if (!isInvalid(error) && !isForbidden(error)) throw error;
      log.warn(
        { service: `${metadata.namespace}/${metadata.name}`, config: `${config.namespace}/${config.name}`, err: error },
        'cannot protect config',
      );
    }
  };
  await Promise.all((status.appliedConfigs ?? []).map(protectOne));
}

/** The server is asked for its version only where it matters. */
async function adviseOnImageVolumes({ serverVersion }: ServiceEnvironment, { storage }: Settings): Promise<ConditionChange> {
  const mode = storage.configuredOciMode;
  return assessImageVolumes(mode, mode === 'native' ? await serverVersion() : undefined);
}

const failureEvent = ({ message, retry }: Rejection): EventText => ({
  type: 'Warning',
  reason: 'Error',
  message: `Reconciliation failed: ${retry ? '' : 'terminal error: '}${message}`,
});

async function publish({ client, events, written, log }: ServiceEnvironment, pass: Pass, failure: Rejection | undefined): Promise<void> {
  const { stored } = pass;
  const texts = [...pass.events];
  // A failure that the next attempt may not see again is told each time, one that waits for a change of its inputs once (B5.21).
  if (failure) (failure.retry ? texts : pass.advice).push(failureEvent(failure));
  const status = finishedStatus(pass);
  try {
    const updated = await publishStatus(client, kinds.service, stored, status);
    if (updated) {
      written.observe(updated);
      texts.push(...readinessEvents(stored, status));
    }
  } catch (error) {
    const message = `Failed to update status for LLMInferenceService "${stored.metadata.name}": ${textOf(error)}`;
    log.warn({ err: error }, message);
    texts.push({ type: 'Warning', reason: 'UpdateFailed', message });
    throw new ReconcileFailure(`failed to update status for LLMInferenceService: ${textOf(error)}`);
  } finally {
    events.advise(stored, pass.advice);
    if (texts.length > 0) events.record(stored, texts);
  }
}
