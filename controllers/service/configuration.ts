import { conditionTypes as c, STOPPED } from '../../api/conditions.ts';
import { applyDefaults } from '../../api/default.ts';
import { answerAsync } from '../../api/inquiry.ts';
import type { Options } from '../../api/options.ts';
import { isRejection, type Rejection, reject } from '../../api/rejection.ts';
import { type Assembled, assemble } from '../../assemble/assemble.ts';
import { movedPins, pinPresets } from '../../assemble/preset-names.ts';
import { type Settings, UnreadableSettings } from '../../assemble/settings.ts';
import type { Context } from '../../render/children.ts';
import { textOf } from '../runtime/api-error.ts';
import type { Pass } from './pass.ts';
import type { SpecValidator } from './validation.ts';

/**
 * Works out the effective spec (R3.3 steps 3 and 4) and writes `PresetsCombined`, the pins and the applied configs.
 *
 * @returns what the renderers work from, or the failure that ends the pass. A stopped service goes on with its own spec when
 *   configuration fails, so that it can always be stopped (R2.93, R3.112).
 */
export async function configure(pass: Pass, settings: Settings, options: Options, validator: SpecValidator): Promise<Context | Rejection> {
  const { stored, status, conditions } = pass;
  const pins = pinPresets(status.annotations, options, stored.metadata.annotations);
  const moved = movedPins(status.annotations, pins);
  if (moved) pass.events.push(moved);
  if (pins) status.annotations = pins;
  const { name, namespace, uid } = stored.metadata;
  const defaulted = applyDefaults({ ...stored, status });
  const service = { ...defaulted, metadata: { ...defaulted.metadata, name, namespace, uid } };
  const base = { service, settings, options, now: pass.now, stopped: pass.stopped };
  const assembled = await tryAssemble(pass, () => answerAsync(assemble(service, settings, options), pass.respond));
  const failure = isRejection(assembled) ? assembled : await accept(pass, assembled, validator);
  if (failure === undefined && !isRejection(assembled)) return { ...base, spec: assembled.spec, adapters: assembled.adapters };
  if (pass.stopped && failure) {
    conditions.markFalse(c.presetsCombined, STOPPED.reason, `Service is stopped with warning: ${failure.message}`);
    return { ...base, spec: service.spec ?? {}, adapters: [] };
  }
  return failure ?? reject('Internal', 'no failure');
}

/** A failed read says nothing about the configuration: it is Unknown, and what was applied before still is (17 of chapter 02). */
async function tryAssemble(pass: Pass, run: () => Promise<Assembled | Rejection>): Promise<Assembled | Rejection> {
  try {
    const result = await run();
    if (isRejection(result) && !pass.stopped) {
      pass.conditions.markFalse(c.presetsCombined, result.reason, result.message);
      delete pass.status.appliedConfigs;
    }
    return result;
  } catch (error) {
    if (error instanceof UnreadableSettings) throw error;
    const failure = reject('ConfigurationUnavailable', textOf(error), { retry: true });
    if (!pass.stopped) pass.conditions.markUnknown(c.presetsCombined, failure.reason, failure.message);
    return failure;
  }
}

async function accept(pass: Pass, assembled: Assembled, validator: SpecValidator): Promise<Rejection | undefined> {
  const { conditions, status, stored } = pass;
  const verdict = await validator.validate(stored, assembled.spec, assembled.appliedConfigs);
  if (!('valid' in verdict && verdict.valid) && pass.stopped) {
    return reject('InvalidRenderedConfig', 'valid' in verdict ? verdict.message : verdict.unavailable);
  }
  pass.advice.push(...assembled.events);
  status.appliedConfigs = [...assembled.appliedConfigs];
  if (!('valid' in verdict)) {
    conditions.markUnknown(c.presetsCombined, 'ValidationUnavailable', verdict.unavailable);
    return reject('ValidationUnavailable', verdict.unavailable, { retry: true });
  }
  if (!verdict.valid) {
    conditions.markFalse(c.presetsCombined, 'InvalidRenderedConfig', verdict.message);
    return reject('InvalidRenderedConfig', verdict.message);
  }
  conditions.markTrue(c.presetsCombined);
  return undefined;
}
