import type { Options } from '../../api/options.ts';
import { isRejection, type Rejection } from '../../api/rejection.ts';
import type { LLMInferenceServiceConfig } from '../../api/types.ts';
import { checkConfigTemplate } from '../../assemble/check-config.ts';
import { UnreadableSettings } from '../../assemble/settings.ts';
import type { SettingsReader } from '../settings.ts';

/**
 * Why a config can no longer be rendered, though it could when it was written: admission judged it with the settings of then (17.24 of
 * chapter 02). Undefined when it can, and while the settings say nothing.
 */
export async function templateProblem(
  config: LLMInferenceServiceConfig,
  settings: Pick<SettingsReader, 'read'>,
  options: Options,
): Promise<Rejection | undefined> {
  const reading = await settings.read();
  if (!reading) return undefined;
  try {
    const rendered = checkConfigTemplate(config, reading.settings, options);
    return isRejection(rendered) ? rendered : undefined;
  } catch (error) {
    if (error instanceof UnreadableSettings) return undefined;
    throw error;
  }
}
