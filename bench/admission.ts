/**
 * What admission and conversion cost: `node bench/admission.ts [--reviews 3000] [--soak 100000] [--only TITLE] [--profile DIRECTORY]`.
 *
 * Posts real reviews over HTTPS keep-alive connections to the webhook server in a process of its own, as many at once as the
 * API server may. Every connection sends its next review when it has the answer to the last one, so the latency at a concurrency
 * holds the time that a review waits for those before it. The CPU time of the server does not depend on what else the machine does.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { parse } from 'yaml';
import type { KubeObject } from '../api/kubernetes.ts';
import { withDefaults } from '../api/structure.ts';
import { packagePath } from '../cli/package-files.ts';
import { createAuthority } from '../control-plane/certificates.ts';

const { values } = parseArgs({
  options: {
    reviews: { type: 'string', default: '3000' },
    soak: { type: 'string', default: '100000' },
    only: { type: 'string', default: '' },
    profile: { type: 'string' },
  },
});
const [reviews, soak] = [Number(values.reviews), Number(values.soak)];
const CONCURRENCIES = [1, 16, 64];
const BIG = 1_000_000;

const service = 'llminferenceservice';
const example = (file: string): KubeObject => withDefaults(parse(readFileSync(packagePath(`examples/${file}`), 'utf8')) as KubeObject);
const plain = example('qwen2.5-7b-single-gpu.yaml');
const pair = example('prefill-decode.yaml');
const rich = withPicker(pair);
const big = annotated(pair, { note: 'x'.repeat(BIG) });

/** A service that has to be assembled, because its template configures the picker. */
function withPicker(object: KubeObject): KubeObject {
  const { spec } = object as KubeObject & { spec: { router?: object } };
  const args = ['--config-text', 'apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\nplugins:\n- type: queue-scorer\n'];
  return {
    ...object,
    spec: { ...spec, router: { ...spec.router, scheduler: { template: { containers: [{ name: 'main', args }] } } } },
  } as KubeObject;
}

function annotated(object: KubeObject, annotations: Record<string, string>): KubeObject {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } } };
}

interface Load {
  readonly title: string;
  readonly path: string;
  readonly body: string;
}

const admission = (title: string, verb: 'mutate' | 'validate', object: KubeObject, oldObject?: KubeObject): Load => ({
  title,
  path: `/${verb}-serving-kserve-io-v1alpha2-${service}`,
  body: JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      operation: oldObject ? 'UPDATE' : 'CREATE',
      name: object.metadata.name,
      namespace: 'models',
      object,
      ...(oldObject ? { oldObject } : {}),
    },
  }),
});

const conversion = (title: string, object: KubeObject, count: number): Load => ({
  title,
  path: '/convert',
  body: JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'ConversionReview',
    request: { uid: '1', desiredAPIVersion: 'serving.kserve.io/v1alpha1', objects: Array.from({ length: count }, () => object) },
  }),
});

const loads: readonly Load[] = [
  { ...admission('nothing but the review', 'validate', plain), path: '/nothing' },
  admission('mutate a create', 'mutate', plain),
  admission('validate a create', 'validate', plain),
  admission('validate prefill and decode', 'validate', pair),
  admission('validate a label change', 'validate', annotated(pair, { a: 'b' }), pair),
  admission('validate what the picker is told', 'validate', rich),
  admission('mutate 1 MB', 'mutate', big),
  admission('validate an update of 1 MB', 'validate', big, pair),
  conversion('convert one', pair, 1),
  conversion('convert a list of 100', pair, 100),
];

/** Sends `count` reviews, and gives the milliseconds that each one took, in ascending order. */
async function send(pool: Pool, { path, body }: Load, count: number, concurrency: number): Promise<number[]> {
  const took: number[] = [];
  let left = count;
  const connection = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const start = performance.now();
      const { statusCode, body: answer } = await pool.request({ method: 'POST', path, headers: { 'content-type': 'application/json' }, body });
      const text = await answer.text();
      took.push(performance.now() - start);
      if (statusCode !== 200 || !/"allowed":true|"status":"Success"/.test(text)) throw new Error(`${statusCode}: ${text.slice(0, 500)}`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, connection));
  return took.sort((a, b) => a - b);
}

const at = (sorted: readonly number[], quantile: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0;

const directory = mkdtempSync(join(tmpdir(), 'bench-admission-'));
const authority = await createAuthority('bench');
const { certificate, key } = await authority.issueServer('webhooks', { dns: ['localhost'], ip: ['127.0.0.1'] });
writeFileSync(join(directory, 'tls.crt'), certificate);
writeFileSync(join(directory, 'tls.key'), key);

const profiling = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
const child = fork(join(import.meta.dirname, 'webhook-process.ts'), [directory], { execArgv: [...process.execArgv, '--expose-gc', ...profiling] });
const [{ port }] = (await once(child, 'message')) as [{ port: number }];
const used = async (what: 'cpu' | 'memory'): Promise<{ rssMiB: number; cpuMs: number }> => {
  child.send(what);
  const [usage] = (await once(child, 'message')) as [{ rssMiB: number; cpuMs: number }];
  return usage;
};
const poolOf = (connections: number): Pool =>
  new Pool(`https://127.0.0.1:${port}`, { connections, allowH2: false, connect: { ca: authority.certificate } });

try {
  console.log(`${'load'.padEnd(30)} ${'size'.padStart(8)}  conc.   p50 ms   p99 ms  reviews/s  CPU ms each`);
  for (const load of loads.filter(({ title }) => title.includes(values.only))) {
    const size = `${Math.round(load.body.length / 1000)} kB`;
    const count = Math.max(100, Math.round(reviews / Math.max(1, load.body.length / 10_000)));
    for (const concurrency of CONCURRENCIES) {
      const pool = poolOf(concurrency);
      await send(pool, load, Math.min(count, 300), concurrency);
      const { cpuMs } = await used('cpu');
      const start = performance.now();
      const took = await send(pool, load, count, concurrency);
      const rate = (count / (performance.now() - start)) * 1000;
      const cpu = ((await used('cpu')).cpuMs - cpuMs) / count;
      const row = [
        String(concurrency).padStart(6),
        at(took, 0.5).toFixed(2).padStart(8),
        at(took, 0.99).toFixed(2).padStart(8),
        rate.toFixed(0).padStart(10),
        cpu.toFixed(2).padStart(12),
      ];
      console.log(`${load.title.padEnd(30)} ${size.padStart(8)} ${row.join(' ')}`);
      await pool.close();
    }
  }
  if (soak > 0) {
    const before = (await used('memory')).rssMiB;
    const pool = poolOf(16);
    for (const load of loads.slice(1, 5)) await send(pool, load, Math.ceil(soak / 4), 16);
    await pool.close();
    console.log(`resident memory: ${before.toFixed(0)} MiB before, ${(await used('memory')).rssMiB.toFixed(0)} MiB after another ${soak} reviews`);
  }
} finally {
  child.disconnect();
  rmSync(directory, { recursive: true });
}
