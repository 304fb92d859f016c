import { parseDuration } from '../duration.ts';
import { annotations } from '../metadata.ts';
import { checkPickerConfig, type Finding } from '../picker-config/check.ts';
import { pickerVersion } from '../picker-config/version.ts';
import type { PodTemplate, SchedulerSpec } from '../types.ts';

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
  const version = pickerVersion(scheduler?.annotations?.[annotations.version]);
  const findings = typeof inline === 'object' && inline !== null ? checkPickerConfig(inline, version) : [];
  return [...printFindings(findings, INLINE_CONFIG), ...warnOfShutdown(scheduler?.template)];
}

/** How long the preset's picker sleeps before it is told to stop, and how long it then goes on serving by itself, in seconds (R4b.2). */
const [PRE_STOP, DRAIN] = [15, 30];

/** A picker that is killed while it drains fails the requests it is asked about (R4b.2). */
function warnOfShutdown(template: PodTemplate | undefined): string[] {
  const grace = template?.terminationGracePeriodSeconds;
  if (grace === undefined) return [];
  const main = template?.containers?.find(({ name }) => name === 'main');
  const sleep = /sleep (\d+)$/.exec((main?.lifecycle?.preStop?.exec?.command ?? []).join(' '))?.[1];
  const stated = /--drain-timeout[= ](\S+)/.exec([...(main?.command ?? []), ...(main?.args ?? [])].join(' '))?.[1];
  const drain = (parseDuration(stated ?? '') ?? DRAIN * 1000) / 1000;
  const needed = Number(sleep ?? PRE_STOP) + drain;
  if (grace >= needed) return [];
  return [`spec.router.scheduler.template.terminationGracePeriodSeconds: the picker is killed after ${grace} s, but takes ${needed} s to drain`];
}

/** Findings as warnings, each with the path of its field below `root`. */
export function printFindings(findings: readonly Finding[], root: string): string[] {
  const printed = findings.slice(0, MOST_FINDINGS).map(({ path, text }) => `${root}${path === '' ? '' : `.${path}`}: ${text}`);
  const more = findings.length - printed.length;
  return more > 0 ? [...printed, `${root}: ${more} more findings`] : printed;
}
