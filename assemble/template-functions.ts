import { childName } from '../api/names.ts';
import { wholeUnits } from '../api/quantity.ts';
import type { KVCacheOffloadingSpec, PodTemplate } from '../api/types.ts';
import { integer, text } from './template/builtins.ts';
import { TemplateFailure } from './template/failure.ts';
import type { TemplateFunctions } from './template/functions.ts';
import { plain, type Value } from './template/values.ts';

const DEFAULT_GRACE_SECONDS = 60;
/** Seconds kept free between the end of the server and the kill of its pod. */
const RESERVE_SECONDS = 5;

/** The functions configs may use besides Go's own (R2.70 - R2.72). */
export const templateFunctions: TemplateFunctions = {
  ChildName: { least: 2, most: 2, call: (parent, suffix) => childName(text(parent), text(suffix)) },
  shutdownTimeout: { least: 2, most: 2, call: (podSpec, preStop) => shutdownTimeout(podSpec, integer(preStop)) },
  kvTransferConfig: { least: 1, most: 1, call: kvTransferConfig },
};

/** Seconds a server has for a graceful shutdown after `preStop` seconds of waiting (R2.71). */
function shutdownTimeout(podSpec: Value, preStop: number): number {
  const grace = (plain(podSpec) as PodTemplate | null)?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  return Math.max(0, grace - preStop - Math.min(RESERVE_SECONDS, grace));
}

/**
 * The engine argument that turns on KV cache offloading, empty without offloading (R2.72). Quotes are escaped once, because
 * presets put the text between double quotes in a shell script and evaluate it there.
 */
function kvTransferConfig(spec: Value): string {
  const offloading = plain(spec) as Partial<KVCacheOffloadingSpec> | null;
  if (typeof offloading !== 'object' || offloading?.cpu === undefined) return '';
  const bytes = wholeUnits(offloading.cpu);
  if (bytes === undefined) throw new TemplateFailure(`${JSON.stringify(offloading.cpu)} is not a quantity`);
  const tiers = (offloading.secondary ?? []).flatMap((tier, i) => (tier.fileSystem ? [{ root_dir: `/mnt/kv-cache-${i}`, type: 'fs' }] : []));
  const config = {
    kv_connector: 'OffloadingConnector',
    kv_connector_extra_config: {
      cpu_bytes_to_use: Number(bytes),
      ...(offloading.evictionPolicy ? { eviction_policy: offloading.evictionPolicy } : {}),
      ...(tiers.length > 0 ? { secondary_tiers: tiers } : {}),
      spec_name: 'TieringOffloadingSpec',
    },
    kv_role: 'kv_both',
  };
  return `--kv-transfer-config '${JSON.stringify(config).replaceAll('"', '\\"')}'`;
}
