import { createHash } from 'node:crypto';

const LIMIT = 63;
const HASH_LENGTH = 32;
const ROOM = LIMIT - HASH_LENGTH;

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const firstBytes = (text: string, count: number): string => Buffer.from(text).subarray(0, count).toString();

/**
 * Name of a child object: parent and suffix where they fit 63 bytes, else shortened around an MD5 of the parent (R1.35).
 * Presets call the same function by the name `ChildName`.
 */
export function childName(parent: string, suffix: string): string {
  const [parentLength, suffixLength] = [Buffer.byteLength(parent), Buffer.byteLength(suffix)];
  if (parentLength + suffixLength <= LIMIT) return parent + suffix;
  if (suffixLength < ROOM) return firstBytes(parent, ROOM - suffixLength) + md5(parent) + suffix;
  const head = firstBytes(parent, ROOM) + md5(parent + suffix);
  return (head + firstBytes(suffix, Math.max(0, LIMIT - Buffer.byteLength(head)))).replace(/[^A-Za-z0-9]+$/, '');
}

/** Suffixes of the children of one service (R3.26, R4.2, R5.1, R6.15). */
export const suffixes = {
  main: '-kserve',
  mainRole: '-kserve-role',
  mainRoleBinding: '-kserve-rb',
  prefill: '-kserve-prefill',
  mainMultiNode: '-kserve-mn',
  mainMultiNodeRole: '-kserve-mn-role',
  mainMultiNodeRoleBinding: '-kserve-mn-rb',
  prefillMultiNode: '-kserve-mn-prefill',
  workloadService: '-kserve-workload-svc',
  certificate: '-kserve-self-signed-certs',
  managedDra: '-managed-dra',
  validation: '-validation-',
  scheduler: '-kserve-router-scheduler',
  schedulerService: '-epp-service',
  schedulerServiceAccount: '-epp-sa',
  schedulerRole: '-epp-role',
  schedulerRoleBinding: '-epp-rb',
  schedulerAuthBinding: '-epp-auth-rb',
  inferencePool: '-inference-pool',
  tokenizer: '-tokenizer',
  route: '-kserve-route',
  hpa: '-kserve-hpa',
  prefillHpa: '-kserve-prefill-hpa',
  keda: '-kserve-keda',
  prefillKeda: '-kserve-prefill-keda',
} as const;
