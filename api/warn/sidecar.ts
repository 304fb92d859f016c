import type { PodTemplate } from '../types.ts';

const SIDECAR = 'llm-d-routing-sidecar';

/** Flags of the routing sidecar that take one of few values (04b §8.1). With another one it ends at once, and without an error. */
const choices: Readonly<Record<string, readonly string[]>> = {
  'kv-connector': ['nixlv2', 'shared-storage', 'sglang', 'mooncake', 'offloading'],
  'ec-connector': ['ec-example', 'ec-nixl'],
};

/** Flags that 0.10.0 removed, and what took their place. */
const removed: Readonly<Record<string, string>> = {
  connector: '--kv-connector',
  'prefiller-use-tls': '--enable-tls=prefiller',
  'decoder-use-tls': '--enable-tls=decoder',
  'prefiller-tls-insecure-skip-verify': '--tls-insecure-skip-verify=prefiller',
  'decoder-tls-insecure-skip-verify': '--tls-insecure-skip-verify=decoder',
};

/** What a template states about the routing sidecar of decode pods that the sidecar does not start with (B4b.4, R4b.72). */
export function warnOfSidecar(template: PodTemplate, path: string): string[] {
  return (template.initContainers ?? []).flatMap((container, i) => {
    if (container.name !== SIDECAR) return [];
    return (['command', 'args'] as const).flatMap((list) => {
      const elements = container[list] ?? [];
      return elements.flatMap((element, j) => {
        const problem = problemOf(element, elements[j + 1]);
        return problem === undefined ? [] : [`${path}.initContainers[${i}].${list}[${j}]: ${problem}`];
      });
    });
  });
}

function problemOf(element: string, next: string | undefined): string | undefined {
  const [, name = '', attached] = /^--?([a-z-]+)(?:=(.*))?$/s.exec(element) ?? [];
  const successor = removed[name];
  if (successor !== undefined) return `the routing sidecar does not know --${name} any more; use ${successor}`;
  const known = choices[name];
  const value = attached ?? next ?? '';
  if (known === undefined || known.includes(value) || value.includes('{{') || (name === 'ec-connector' && value === '')) return undefined;
  return `the routing sidecar knows no ${name} ${JSON.stringify(value)}, only ${known.join(', ')}`;
}
