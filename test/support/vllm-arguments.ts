/** What `vllm serve` makes of its command line: the model, and its options by their long names. A flag is `true` or `false`. */
export interface ServeArguments {
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
}

type Read = (text: string) => unknown;
interface Option {
  /** `many`: one value or more, up to the next option. */
  readonly values: 'none' | 'one' | 'many';
  readonly read: Read;
}

class UsageError extends Error {}

const text: Read = (value) => value;
const integer: Read = (value) => numberOf(value, /^[+-]?\d+$/, 'int');
const decimal: Read = (value) => numberOf(value, /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, 'float');
const json: Read = (value) => parsed(value);
/** As JSON, or in the older form `name=path`. */
const loraModule: Read = (value) => {
  const [, name, path] = /^([^={]+)=(.+)$/.exec(value) ?? [];
  const module = (name === undefined ? parsed(value) : { name, path }) as { name?: unknown; path?: unknown };
  if (typeof module.name !== 'string' || typeof module.path !== 'string') throw new UsageError(`invalid LoRA module: ${value}`);
  return module;
};

function numberOf(value: string, pattern: RegExp, type: string): number {
  if (!pattern.test(value)) throw new UsageError(`invalid ${type} value: '${value}'`);
  return Number(value);
}

function parsed(value: string): object {
  try {
    const result: unknown = JSON.parse(value);
    if (typeof result === 'object' && result !== null) return result;
  } catch {
    // Told below.
  }
  throw new UsageError(`invalid JSON object: ${value}`);
}

const flag: Option = { values: 'none', read: text };
const one = (read: Read): Option => ({ values: 'one', read });
const many = (read: Read): Option => ({ values: 'many', read });

/** The options that presets, the operator and the examples use, as vLLM 0.23 declares them. */
const known: Readonly<Record<string, Option>> = {
  'api-server-count': one(integer),
  'block-size': one(integer),
  'collect-detailed-traces': one(text),
  'data-parallel-address': one(text),
  'data-parallel-rpc-port': one(integer),
  'data-parallel-size': one(integer),
  'data-parallel-size-local': one(integer),
  'data-parallel-start-rank': one(integer),
  'disable-access-log-for-endpoints': one(text),
  'ec-transfer-config': one(json),
  'enable-expert-parallel': flag,
  'enable-lora': flag,
  'enable-prefix-caching': flag,
  'enable-ssl-refresh': flag,
  'gpu-memory-utilization': one(decimal),
  headless: flag,
  'kv-events-config': one(json),
  'kv-transfer-config': one(json),
  'lora-modules': many(loraModule),
  'max-cpu-loras': one(integer),
  'max-lora-rank': one(integer),
  'max-loras': one(integer),
  'max-model-len': one(integer),
  'max-num-seqs': one(integer),
  'mm-encoder-only': flag,
  'otlp-traces-endpoint': one(text),
  port: one(integer),
  'pipeline-parallel-size': one(integer),
  'served-model-name': many(text),
  'shutdown-timeout': one(integer),
  'ssl-certfile': one(text),
  'ssl-keyfile': one(text),
  'tensor-parallel-size': one(integer),
};

/**
 * Reads a command line as the argument parser of `vllm serve` does (Python's argparse, where underscores in names count as dashes and
 * flags have a `--no-` form). A later option wins over an earlier one of the same name.
 *
 * @throws Error with the words of argparse when vLLM would not start
 */
export function parseServe(argv: readonly string[]): ServeArguments {
  const [program, command, ...words] = argv;
  if (program !== 'vllm' || command !== 'serve') throw new UsageError(`not vllm serve: ${argv.join(' ')}`);
  const options: Record<string, unknown> = {};
  const positional: string[] = [];
  while (words.length > 0) {
    const word = words.shift() ?? '';
    if (!isOption(word)) positional.push(word);
    else Object.assign(options, readOption(word, words));
  }
  const [model, ...more] = positional;
  if (model === undefined) throw new UsageError('no model is given');
  if (more.length > 0) throw new UsageError(`unrecognized arguments: ${more.join(' ')}`);
  return { model, options };
}

/** Negative numbers are values. */
const isOption = (word: string): boolean => word.startsWith('-') && !/^-\d/.test(word);

/** One option with its values, which are taken from the words that follow. */
function readOption(word: string, following: string[]): Record<string, unknown> {
  const [, given = '', value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
  const name = given.replaceAll('_', '-');
  const positive = name.replace(/^no-/, '');
  const option = known[name] ?? (known[positive]?.values === 'none' ? known[positive] : undefined);
  if (option === undefined) throw new UsageError(`unrecognized arguments: ${word}`);
  if (option.values === 'none') {
    if (value !== undefined) throw new UsageError(`argument --${name}: ignored explicit argument '${value}'`);
    return { [positive]: name === positive };
  }
  const end = following.findIndex(isOption);
  const available = value === undefined ? (end < 0 ? following.length : end) : 0;
  const values = value === undefined ? following.splice(0, option.values === 'one' ? Math.min(1, available) : available) : [value];
  if (values.length === 0) throw new UsageError(`argument --${name}: expected ${option.values === 'one' ? 'one' : 'at least one'} argument`);
  const read = values.map(option.read);
  return { [name]: option.values === 'one' ? read[0] : read };
}
