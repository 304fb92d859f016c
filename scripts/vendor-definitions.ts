/**
 * Writes control-plane/crds: the CRDs of other projects, taken from their published Go modules (all under the Apache License 2.0).
 * Descriptions, which are most of their size, are left out. Needs `go`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

interface Source {
  readonly module: string;
  readonly version: string;
  readonly directory: string;
  readonly files: readonly string[];
}

const sources: readonly Source[] = [
  {
    module: 'sigs.k8s.io/gateway-api',
    version: 'v1.5.1',
    directory: 'config/crd/standard',
    files: ['gateway.networking.k8s.io_gatewayclasses.yaml', 'gateway.networking.k8s.io_gateways.yaml', 'gateway.networking.k8s.io_httproutes.yaml'],
  },
  {
    module: 'sigs.k8s.io/gateway-api-inference-extension',
    version: 'v1.5.0',
    directory: 'config/crd/bases',
    files: ['inference.networking.k8s.io_inferencepools.yaml'],
  },
  {
    // Later releases have no v1alpha2 pool.
    module: 'sigs.k8s.io/gateway-api-inference-extension',
    version: 'v1.3.0',
    directory: 'config/crd/bases',
    files: ['inference.networking.x-k8s.io_inferencepools.yaml'],
  },
  {
    module: 'sigs.k8s.io/lws',
    version: 'v0.8.0',
    directory: 'config/crd/bases',
    files: ['leaderworkerset.x-k8s.io_leaderworkersets.yaml'],
  },
  {
    module: 'github.com/kedacore/keda/v2',
    version: 'v2.18.3',
    directory: 'config/crd/bases',
    files: ['keda.sh_scaledobjects.yaml', 'keda.sh_triggerauthentications.yaml', 'keda.sh_clustertriggerauthentications.yaml'],
  },
];

/** Length, as JSON, from which a repetition is worth a name. */
const SHARED_FROM = 400;

const output = join(import.meta.dirname, '..', 'control-plane', 'crds');

for (const { module, version, directory, files } of sources) {
  const download = execFileSync('go', ['mod', 'download', '-json', `${module}@${version}`], { encoding: 'utf8' });
  const { Dir: root } = JSON.parse(download) as { Dir: string };
  for (const file of files) {
    const definition: unknown = parse(readFileSync(join(root, directory, file), 'utf8'));
    const head = `# From the Go module ${module} ${version}, ${directory}/${file} (Apache-2.0), without descriptions.\n# Written by scripts/vendor-definitions.ts.\n`;
    writeFileSync(join(output, file), head + stringify(sharingRepetitions(withoutDescriptions(definition)), { lineWidth: 0 }));
  }
}

/** Drops the `description` texts of schemas; a property of that name is an object and stays. */
function withoutDescriptions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDescriptions);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, child]) => !(key === 'description' && typeof child === 'string'));
  return Object.fromEntries(kept.map(([key, child]) => [key, withoutDescriptions(child)]));
}

/** Makes equal large parts one object, which the YAML then holds once: a pod template repeats the schema of a container three times. */
function sharingRepetitions(value: unknown, known: Map<string, unknown> = new Map()): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const text = JSON.stringify(value);
  const shared = known.get(text);
  if (shared !== undefined) return shared;
  const result = Array.isArray(value)
    ? value.map((child) => sharingRepetitions(child, known))
    : Object.fromEntries(Object.entries(value).map(([key, child]) => [key, sharingRepetitions(child, known)]));
  if (text.length > SHARED_FROM) known.set(text, result);
  return result;
}
