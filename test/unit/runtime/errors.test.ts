import { expect } from 'chai';
import { ApiError, errorFromBody, isImmutable, isTooLargeResourceVersion } from '../../../controllers/runtime/api-error.ts';
import { joinTexts } from '../../../controllers/runtime/events.ts';
import { linesOf } from '../../../controllers/runtime/watch-lines.ts';

async function* chunks(...parts: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part);
}

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

describe('what the server sends', () => {
  it('is read line by line, wherever the network cuts it', async () => {
    const euro = Buffer.from('€');
    expect(await all(linesOf(chunks('{"a"', ':1}\n{"b":2}\n\n', '{"c":"', euro.subarray(0, 1), euro.subarray(1), '"}\n{"cut of')))).to.deep.equal([
      '{"a":1}',
      '{"b":2}',
      '{"c":"€"}',
    ]);
  });

  it('is an error with the text of the Status, or of whatever answered instead', () => {
    expect(errorFromBody(403, '{"kind":"Status","message":"no","reason":"Forbidden"}')).to.include({ message: 'no', reason: 'Forbidden', code: 403 });
    expect(errorFromBody(502, '<html>bad gateway')).to.include({ message: '<html>bad gateway', code: 502 });
    expect(errorFromBody(500, '')).to.include({ message: 'the server answered 500' });
    expect(errorFromBody(500, 'null')).to.be.instanceOf(ApiError);
  });

  for (const [message, expected] of [
    ['spec.selector: Invalid value: x: field is immutable', true],
    ['roleRef: Invalid value: x: cannot change roleRef', true],
    ['spec.clusterIPs[0]: Invalid value: [""]: may not change once set', true],
    ['spec.replicas: Invalid value: -1: must be greater than or equal to 0', false],
  ] as const) {
    it(`calls "${message}" ${expected ? '' : 'not '}immutable`, () => {
      expect(isImmutable(new ApiError(422, { kind: 'Status', message }))).to.equal(expected);
      expect(isImmutable(new ApiError(403, { kind: 'Status', message }))).to.equal(false);
    });
  }

  it('says when a version is from the future', () => {
    const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
    expect(isTooLargeResourceVersion(new ApiError(504, { kind: 'Status', details: { causes } }))).to.equal(true);
    expect(isTooLargeResourceVersion(new ApiError(504, { kind: 'Status' }))).to.equal(false);
  });
});

describe('the events of one pass', () => {
  it('are joined by reason when they are Normal, in order, within 1024 characters', () => {
    const text = (reason: string, message: string) => ({ type: 'Normal', reason, message }) as const;
    expect(joinTexts([text('A', '1'), text('B', '2'), text('A', '3')])).to.deep.equal([text('A', '1; 3'), text('B', '2')]);
    const long = joinTexts([text('A', 'x'.repeat(1000)), text('A', 'y'.repeat(1000)), text('A', 'z'.repeat(2000))]);
    expect(long.map((t) => t.message.length)).to.deep.equal([1000, 1000, 1024]);
    expect(joinTexts([])).to.deep.equal([]);
  });

  it('stay apart when they are Warnings, and equal ones are said once', () => {
    const warning = (message: string) => ({ type: 'Warning', reason: 'A', message }) as const;
    expect(joinTexts([warning('1'), warning('2'), warning('1')])).to.deep.equal([warning('1'), warning('2')]);
  });
});
