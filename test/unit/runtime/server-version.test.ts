import { expect } from 'chai';
import type { Client } from '../../../controllers/runtime/client.ts';
import { createLog } from '../../../controllers/runtime/log.ts';
import { createServerVersion } from '../../../controllers/runtime/server-version.ts';

describe('the version of the API server', () => {
  const log = createLog({ level: 'silent' });

  function versions(answers: readonly (object | Error)[]) {
    const left = [...answers];
    const clock = { now: 0 };
    const asked: string[] = [];
    const request = async ({ path }: { path: string }) => {
      asked.push(path);
      const answer = left.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    };
    return { read: createServerVersion({ request } as unknown as Client, log, () => clock.now), clock, asked };
  }

  it('is asked for once by all who want to know it, and again after ten minutes', async () => {
    const { read, clock, asked } = versions([{ minor: '34' }, { minor: '35' }]);
    expect(await Promise.all([read(), read()])).to.deep.equal([{ minor: '34' }, { minor: '34' }]);
    clock.now = 9 * 60_000;
    expect(await read()).to.deep.equal({ minor: '34' });
    clock.now = 10 * 60_000;
    expect(await read()).to.deep.equal({ minor: '35' });
    expect(asked).to.deep.equal(['/version', '/version']);
  });

  it('is unknown while the server does not tell, and asked for again by the next', async () => {
    const { read } = versions([new Error('no'), { minor: '34' }]);
    expect(await read()).to.equal(undefined);
    expect(await read()).to.deep.equal({ minor: '34' });
  });
});
