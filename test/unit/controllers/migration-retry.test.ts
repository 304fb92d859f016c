import { expect } from 'chai';
import { type Clock, isAboutTheObject, isFatal, MigrationError, retry, waitAfter } from '../../../controllers/migration/retry.ts';
import { ApiError, KindNotServedError } from '../../../controllers/runtime/api-error.ts';

const refusal = (code: number, message: string, reason = ''): ApiError => new ApiError(code, { kind: 'Status', code, message, reason });
const forbidden = refusal(403, 'llminferenceservices.serving.kserve.io "a" is forbidden: User "u" cannot patch resource', 'Forbidden');
const denied = refusal(403, 'admission webhook "a.b" denied the request: no', 'Forbidden');
const policy = refusal(403, "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", 'Forbidden');
const panic = refusal(500, 'admission webhook "a.b" denied the request: panic: oh [recovered]', 'InternalError');
const unreachable = refusal(500, 'Internal error occurred: failed calling webhook "a.b": connection refused', 'InternalError');
const notServed = new KindNotServedError({ apiVersion: 'serving.kserve.io/v1alpha2', kind: 'LLMInferenceService' });

describe('what an error means to a storage-version migration (R1.98, B37)', () => {
  const cases: readonly (readonly [string, unknown, 'fatal' | 'object' | 'again'])[] = [
    ['a permission that is missing', forbidden, 'fatal'],
    ['credentials that are not valid', refusal(401, 'Unauthorized', 'Unauthorized'), 'fatal'],
    ['a CRD that does not exist', refusal(404, 'not found', 'NotFound'), 'fatal'],
    ['a kind that is not served', notServed, 'fatal'],
    ['an object that is invalid', refusal(422, 'is invalid: spec: Required value', 'Invalid'), 'object'],
    ['a webhook that says no', denied, 'object'],
    ['a policy that says no', policy, 'object'],
    ['a webhook that failed over this object', panic, 'object'],
    ['an object that cannot be read', refusal(400, 'cannot decode', 'BadRequest'), 'object'],
    ['an object that is too large', refusal(413, 'too large', 'RequestEntityTooLarge'), 'object'],
    ['a webhook that cannot be reached', unreachable, 'again'],
    ['a conflict', refusal(409, 'the object has been modified', 'Conflict'), 'again'],
    ['a page that has expired', refusal(410, 'continue token expired', 'Expired'), 'again'],
    ['a server that is busy', refusal(429, 'too many requests', 'TooManyRequests'), 'again'],
    ['a broken connection', new Error('ECONNRESET'), 'again'],
  ];
  for (const [text, error, meaning] of cases) {
    it(`${text}: ${{ fatal: 'no use to try again', object: 'only about that object', again: 'try again' }[meaning]}`, () => {
      expect({ fatal: isFatal(error), object: isAboutTheObject(error) }).to.deep.equal({ fatal: meaning === 'fatal', object: meaning === 'object' });
    });
  }
});

/** A clock whose time passes only while somebody sleeps. */
function stage({ budgetMs = 3_600_000, pollMs = 30_000, startMs = 0 } = {}) {
  let time = startMs;
  const slept: number[] = [];
  const abort = new AbortController();
  const clock: Clock = {
    now: () => time,
    async sleep(ms) {
      slept.push(ms);
      time += ms;
    },
  };
  const limits = { budgetMs, pollMs, deadline: budgetMs };
  const run = <T>(operation: () => Promise<T>): Promise<T | Error> => retry(operation, limits, abort.signal, clock).catch((error: Error) => error);
  const pass = (ms: number): void => {
    time += ms;
  };
  return { abort, run, slept, pass };
}

describe('the retries of a storage-version migration (R1.98)', () => {
  it('wait 2 s and half as much more each time, up to a tenth longer, then the poll interval', () => {
    const waits = Array.from({ length: 12 }, (_, i) => waitAfter(i + 1, 30_000, 0));
    expect(waits.slice(0, 4)).to.deep.equal([2000, 3000, 4500, 6750]);
    expect(waits[8]).to.be.closeTo(51_258, 1);
    expect(waits.slice(9)).to.deep.equal([30_000, 30_000, 30_000]);
    expect(waitAfter(1, 30_000, 1)).to.be.closeTo(2200, 1e-9);
  });

  it('end with the first success', async () => {
    const { run, slept } = stage();
    let attempts = 0;
    expect(await run(async () => (++attempts < 3 ? Promise.reject(unreachable) : 'done'))).to.equal('done');
    expect(slept).to.have.length(2);
  });

  it('end at once when they are no use', async () => {
    const { run, slept } = stage();
    expect(await run(() => Promise.reject(forbidden))).to.include({ message: `failed: ${forbidden.message}`, cancelled: false });
    expect(slept).to.deep.equal([]);
  });

  it('call a fatal error failed, even when the budget has passed meanwhile', async () => {
    const { run, pass } = stage({ budgetMs: 1000 });
    const operation = async () => {
      pass(5000);
      throw forbidden;
    };
    expect(await run(operation))
      .to.have.property('message')
      .that.matches(/^failed: /);
  });

  it('go on until the budget is spent, and say what was wrong last', async () => {
    const { run, slept } = stage();
    const end = await run(() => Promise.reject(unreachable));
    expect(end).to.be.instanceOf(MigrationError).with.property('message', `timed out after 1h0m0s: ${unreachable.message}`);
    expect(slept.reduce((sum, ms) => sum + ms, 0)).to.be.closeTo(3_600_000, 1);
    expect(slept.slice(9, 20)).to.deep.equal(Array(11).fill(30_000));
  });

  it('time out without an attempt when the budget was spent before', async () => {
    const { run } = stage({ budgetMs: 1000, startMs: 1000 });
    let attempts = 0;
    const end = await run(async () => ++attempts);
    expect(end)
      .to.have.property('message')
      .that.matches(/^timed out after 1s: /);
    expect(attempts).to.equal(0);
  });

  it('are cancelled when the process ends', async () => {
    const { abort, run } = stage();
    const end = await run(async () => {
      abort.abort();
      throw unreachable;
    });
    expect(end).to.include({ message: `cancelled: ${unreachable.message}`, cancelled: true });
  });
});
