import { expect } from 'chai';
import { type LogFlags, readLogOptions } from '../../../cli/log-flags.ts';
import { createLog } from '../../../controllers/runtime/log.ts';

/** The lines that a log with these flags writes for one entry of every level. */
function linesOf(flags: LogFlags): string[] {
  const lines: string[] = [];
  const log = createLog({ ...readLogOptions(flags), to: { write: (line) => void lines.push(line) } });
  const err = new Error('broken');
  log.debug('d');
  log.info({ service: 'ns/a' }, 'i');
  log.warn({ err }, 'w');
  log.error({ err }, 'e');
  return lines;
}

const levelsOf = (flags: LogFlags): string[] => linesOf(flags).map((line) => JSON.parse(line).level);
const stacksOf = (flags: LogFlags): string[] =>
  linesOf(flags)
    .map((line) => JSON.parse(line))
    .filter(({ err }) => err?.stack)
    .map(({ level }) => level);
const timeOf = (flags: LogFlags): unknown => JSON.parse(linesOf(flags)[0]!).time;

describe('the flags about logs (R1.91)', () => {
  it('are JSON from info on by default, with a time that people can read', () => {
    expect(levelsOf({})).to.deep.equal(['info', 'warn', 'error']);
    expect(JSON.parse(linesOf({})[0]!)).to.deep.include({ service: 'ns/a', msg: 'i' });
    expect(timeOf({})).to.match(/^\d{4}-\d\d-\d\dT.*\.\d{3}Z$/);
  });

  it('say what is logged, in the words of zap or in ours', () => {
    expect(levelsOf({ logLevel: 'warn' })).to.deep.equal(['warn', 'error']);
    expect(levelsOf({ logLevel: 'warn', zapLogLevel: 'debug' })).to.deep.equal(['debug', 'info', 'warn', 'error']);
    expect(levelsOf({ zapLogLevel: 'silent' })).to.deep.equal([]);
  });

  it('can log for people', () => {
    const [debug, info, warning] = linesOf({ zapDevel: true }).map((line) => line.split('\t'));
    expect(debug?.slice(1)).to.deep.equal(['DEBUG', 'd\n']);
    expect(info?.slice(1)).to.deep.equal(['INFO', 'i', '{"service":"ns/a"}\n']);
    expect(warning?.[3]).to.contain('"message":"broken"');
    expect(levelsOf({ zapDevel: true, zapEncoder: 'json', zapLogLevel: 'error' })).to.deep.equal(['error']);
  });

  it('say from which level on there are stacks', () => {
    expect(stacksOf({})).to.deep.equal(['warn', 'error']);
    expect(stacksOf({ zapStacktraceLevel: 'error' })).to.deep.equal(['error']);
    expect(stacksOf({ zapStacktraceLevel: 'silent' })).to.deep.equal([]);
    expect(JSON.parse(linesOf({ zapStacktraceLevel: 'error' })[1]!).err).to.deep.equal({ type: 'Error', message: 'broken' });
  });

  const times: [NonNullable<LogFlags['zapTimeEncoding']>, (time: unknown) => number][] = [
    ['epoch', (time) => (time as number) * 1000],
    ['millis', (time) => time as number],
    ['nano', (time) => (time as number) / 1e6],
    ['iso8601', (time) => Date.parse(time as string)],
    ['rfc3339', (time) => Date.parse(time as string) + 500],
    ['rfc3339nano', (time) => Date.parse(time as string)],
  ];
  for (const [encoding, inMs] of times) {
    it(`write the time as ${encoding}`, () => expect(inMs(timeOf({ zapTimeEncoding: encoding }))).to.be.closeTo(Date.now(), 60_000));
  }
});
