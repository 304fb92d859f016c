import { type Logger, pino } from 'pino';

/** Structured log. Errors go under `err`. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'> & { child(bindings: Record<string, unknown>): Log };

export interface LogOptions {
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Epoch milliseconds are pino's own; people prefer ISO 8601. */
  readonly time?: 'iso8601' | 'epoch';
}

/** One JSON object per line on standard output. */
export function createLog(options: LogOptions = {}): Log {
  return pino({
    level: options.level ?? 'info',
    base: null,
    formatters: { level: (label) => ({ level: label }) },
    timestamp: options.time === 'epoch' ? pino.stdTimeFunctions.epochTime : pino.stdTimeFunctions.isoTime,
  });
}
