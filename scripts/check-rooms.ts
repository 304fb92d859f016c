/**
 * Checks the structure: arrows between rooms point one way, and pure rooms stay pure (design rules 1 and 2).
 * Prints every violation as `file:line: what` and exits 1 when there is one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** Which rooms a room may import from, besides itself. */
const arrows: Record<string, readonly string[]> = {
  api: [],
  accelerators: ['api'],
  assemble: ['api', 'accelerators'],
  render: ['api', 'accelerators', 'assemble'],
  assess: ['api', 'accelerators', 'assemble', 'render'],
  controllers: ['api', 'accelerators', 'assemble', 'render', 'assess'],
  webhook: ['api', 'accelerators', 'assemble', 'render', 'assess', 'controllers'],
  metrics: ['api', 'accelerators', 'assemble', 'render', 'assess', 'controllers'],
  'control-plane': ['api', 'controllers'],
  cli: ['api', 'accelerators', 'assemble', 'render', 'assess', 'controllers', 'webhook', 'metrics', 'control-plane'],
};

const pure = new Set(['api', 'accelerators', 'assemble', 'render', 'assess']);
/** What a pure room may import from outside the project. `node:crypto` hashes and reads certificates, it makes none. */
const pureImports: readonly RegExp[] = [/^yaml$/, /^fast-json-patch$/, /^node:crypto$/];
/** The only file that names the client library in a pure room: types, nothing at run time. */
const typeGate = 'api/kubernetes.ts';
const impure: readonly [RegExp, string][] = [
  [/\bDate\.now\(|\bnew Date\(\)|\bperformance\./, 'a pure room has no clock: take the time as an argument'],
  [/\bMath\.random\(|\brandom(Bytes|UUID|Int)\b|\bgenerateKeyPair/, 'a pure room has no randomness: take random values as arguments'],
  [/\bprocess\./, 'a pure room reads no environment: take options as an argument'],
];

const importPattern = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/;

function sources(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => posix.join(directory, file));
}

function checkImport(file: string, room: string, specifier: string, typeOnly: boolean): string | undefined {
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(file), specifier).split('/')[0] ?? '';
    if (target === room || arrows[room]?.includes(target)) return undefined;
    return `${room} may not import from ${target}`;
  }
  if (!pure.has(room) || pureImports.some((p) => p.test(specifier))) return undefined;
  if (file === typeGate && typeOnly) return undefined;
  return `a pure room may not import ${specifier}`;
}

function checkFile(file: string, room: string): string[] {
  const found: string[] = [];
  const text = readFileSync(file, 'utf8');
  // Imports that span lines are folded, with the line of their end.
  const folded = text.replace(/^(import|export)\b[^'";]*\{[^}]*\}/gm, (m) => m.replaceAll('\n', ' ') + '\n'.repeat(m.split('\n').length - 1));
  folded.split('\n').forEach((line, i) => {
    const match = importPattern.exec(line);
    const problem = match?.[2] && checkImport(file, room, match[2], match[1] !== undefined);
    if (problem) found.push(`${file}:${i + 1}: ${problem}`);
  });
  if (pure.has(room)) {
    text.split('\n').forEach((line, i) => {
      if (/^\s*(\*|\/\/|\/\*)/.test(line)) return;
      for (const [pattern, why] of impure) if (pattern.test(line)) found.push(`${file}:${i + 1}: ${why}`);
    });
  }
  return found;
}

const root = join(import.meta.dirname, '..');
process.chdir(root);
const rooms = Object.keys(arrows).filter((room) => readdirSync('.').includes(room));
const problems = rooms.flatMap((room) => sources(room).flatMap((file) => checkFile(file, room)));
for (const p of problems) console.error(p);
console.log(`rooms: ${rooms.length} checked, ${problems.length} problem${problems.length === 1 ? '' : 's'}`);
process.exitCode = problems.length ? 1 : 0;
