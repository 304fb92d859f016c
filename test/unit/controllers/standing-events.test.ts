import { expect } from 'chai';
import type { EventText } from '../../../api/event-text.ts';
import { createStandingEvents } from '../../../controllers/service/standing-events.ts';

const created: EventText = { type: 'Normal', reason: 'Created', message: 'Created v1.Service ns/x' };
const divergent: EventText = { type: 'Warning', reason: 'MemberDivergence', message: 'a and b', standing: true };
const other: EventText = { ...divergent, message: 'a, b and c' };

describe('events about standing states (B5.21)', () => {
  const passes = (...texts: EventText[][]) => {
    const events = createStandingEvents();
    return texts.map((pass) => events.news('uid', pass));
  };

  it('are told when the state begins, what was done each time', () => {
    expect(passes([created, divergent], [created, divergent], [divergent])).to.deep.equal([[created, divergent], [created], []]);
  });
  it('are told again when the state changes, or comes back', () => {
    expect(passes([divergent], [other], [], [other])).to.deep.equal([[divergent], [other], [], [other]]);
  });
  it('are told of each object', () => {
    const events = createStandingEvents();
    expect(['a', 'b', 'a'].map((uid) => events.news(uid, [divergent]).length)).to.deep.equal([1, 1, 0]);
    events.forget('a');
    expect(events.news('a', [divergent])).to.have.length(1);
  });
});
