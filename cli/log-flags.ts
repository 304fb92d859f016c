import { InvalidArgumentError } from 'commander';
import type { LogLevel, LogOptions, LogTime } from '../controllers/runtime/log.ts';

/** The flags about logs; those with `zap` have the names and values of KServe's operator (R1.91). */
export interface LogFlags {
  readonly logLevel?: LogLevel;
  readonly zapDevel?: boolean;
  readonly zapEncoder?: 'json' | 'console';
  readonly zapLogLevel?: LogLevel;
  readonly zapStacktraceLevel?: LogLevel;
  readonly zapTimeEncoding?: LogTime;
}

/** How to log: what a flag says counts, then what development mode means, then the standard. */
export function readLogOptions(flags: LogFlags): LogOptions {
  const { zapDevel, zapEncoder, zapLogLevel, logLevel, zapStacktraceLevel, zapTimeEncoding } = flags;
  return {
    level: zapLogLevel ?? logLevel ?? (zapDevel ? 'debug' : 'info'),
    encoder: zapEncoder ?? (zapDevel ? 'console' : 'json'),
    ...(zapStacktraceLevel === undefined ? {} : { stacks: zapStacktraceLevel }),
    ...(zapTimeEncoding === undefined ? {} : { time: zapTimeEncoding }),
  };
}

/** `panic` is above everything that is logged here. */
const ZAP_LEVELS: Readonly<Record<string, LogLevel>> = { debug: 'debug', info: 'info', error: 'error', panic: 'silent' };

/** A level by its name in zap, or the number of a debug level. */
export function parseZapLevel(text: string): LogLevel {
  const level = ZAP_LEVELS[text.toLowerCase()] ?? (/^[1-9]\d*$/.test(text) ? 'debug' : undefined);
  if (level === undefined) throw new InvalidArgumentError('debug, info, error, panic or a number above 0 is needed.');
  return level;
}
