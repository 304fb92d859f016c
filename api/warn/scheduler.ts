import { annotations } from '../metadata.ts';
import { checkPickerConfig, type Finding } from '../picker-config/check.ts';
import { pickerVersion } from '../picker-config/version.ts';
import type { SchedulerSpec } from '../types.ts';

/** Where the configuration stands when it is part of the service. */
export const INLINE_CONFIG = 'spec.router.scheduler.config.inline';

/** More would drown the ones that matter. */
const MOST_FINDINGS = 8;

/**
 * What would keep the endpoint picker from starting with its inline configuration, and what deserves a second look (B14 of chapter 1,
 * R4b.20, R4b.21). Text that is not parsed yet is not looked into. The version of the picker is the one that the annotations state,
 * else that of the presets.
 */
export function warnOfScheduler(scheduler: SchedulerSpec | undefined): string[] {
  const inline: unknown = scheduler?.config?.inline;
  if (typeof inline !== 'object' || inline === null) return [];
  return printFindings(checkPickerConfig(inline, pickerVersion(scheduler?.annotations?.[annotations.version])), INLINE_CONFIG);
}

/** Findings as warnings, each with the path of its field below `root`. */
export function printFindings(findings: readonly Finding[], root: string): string[] {
  const printed = findings.slice(0, MOST_FINDINGS).map(({ path, text }) => `${root}${path === '' ? '' : `.${path}`}: ${text}`);
  const more = findings.length - printed.length;
  return more > 0 ? [...printed, `${root}: ${more} more findings`] : printed;
}
