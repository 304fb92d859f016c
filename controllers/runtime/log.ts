import { type DestinationStream, destination, type Logger, pino } from 'pino';

/** Structured log. Errors go under `err`. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'> & { child(bindings: Record<string, unknown>): Log };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type LogTime = keyof typeof times;

export interface LogOptions {
  readonly level?: LogLevel;
  readonly time?: LogTime;
  /** `json`: one object per line. `console`: time, level, message and the rest in columns, for people. */
  readonly encoder?: 'json' | 'console';
  /** From which level on errors come with their stack; always when left out. */
  readonly stacks?: LogLevel;
  /** Standard output when left out. */
  readonly to?: DestinationStream;
}

/** Of a date, as it stands in the log: numbers for epochs, quoted text for the others. */
const times = {
  epoch: (now: Date) => (now.getTime() / 1000).toFixed(3),
  millis: (now: Date) => String(now.getTime()),
  nano: (now: Date) => `${now.getTime()}000000`,
  iso8601: (now: Date) => `"${now.toISOString()}"`,
  rfc3339: (now: Date) => `"${now.toISOString().replace(/\.\d+/, '')}"`,
  rfc3339nano: (now: Date) => `"${now.toISOString()}"`,
} as const;

const SEVERITY: Readonly<Record<string, number>> = { debug: 20, info: 30, warn: 40, error: 50, silent: Number.POSITIVE_INFINITY };

/** A log that writes line by line. */
export function createLog(options: LogOptions = {}): Log {
  const { level = 'info', time = 'iso8601', encoder = 'json', stacks = 'debug', to = destination(1) } = options;
  const withStack = SEVERITY[stacks] ?? 0;
  return pino(
    {
      level,
      base: null,
      // What is no error any more stays as it is.
      serializers: { err: (value: unknown) => (value instanceof Error ? pino.stdSerializers.err(value) : value) },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":${times[time](new Date())}`,
      hooks: {
        logMethod(args, method, severity) {
          if (severity < withStack) args[0] = withoutStack(args[0]) as never;
          return method.apply(this, args);
        },
      },
    },
    encoder === 'json' ? to : { write: (line) => to.write(columns(line)) },
  );
}

function withoutStack(entry: unknown): unknown {
  const error = (entry as { err?: unknown } | null)?.err;
  return error instanceof Error ? { ...(entry as object), err: { type: error.name, message: error.message } } : entry;
}

function columns(line: string): string {
  const { time, level, msg = '', ...rest } = JSON.parse(line) as Record<string, unknown>;
  const details = Object.keys(rest).length > 0 ? [JSON.stringify(rest)] : [];
  return `${[time, String(level).toUpperCase(), msg, ...details].join('\t')}\n`;
}
