import { expect } from 'chai';
import { errorBody, type FieldError, forbidden, invalid, invalidStatus, notSupported, required } from '../../../api/field-error.ts';

const bodies: [FieldError, string][] = [
  [invalid('f', 'text', 'why'), 'Invalid value: "text": why'],
  [invalid('f', 0, 'why'), 'Invalid value: 0: why'],
  [invalid('f', true, 'why'), 'Invalid value: true: why'],
  [invalid('f', null, 'why'), 'Invalid value: null: why'],
  [invalid('f', undefined, 'why'), 'Invalid value: null: why'],
  [invalid('f', { a: [1] }, 'why'), 'Invalid value: {"a":[1]}: why'],
  [required('f', 'why'), 'Required value: why'],
  [required('f', ''), 'Required value'],
  [forbidden('f', 'why'), 'Forbidden: why'],
  [notSupported('f', 4, 'why'), 'Unsupported value: 4: why'],
];

describe('field errors (R1.49)', () => {
  for (const [error, body] of bodies) it(`print as ${body}`, () => expect(errorBody(error)).to.equal(body));

  it('print long values in part (B20)', () => {
    const body = errorBody(invalid('f', 'x'.repeat(5000), 'why'));
    expect(body).to.match(/…: why$/);
    expect(body.length).to.be.lessThan(200);
  });

  it('that repeat stand once in the message, and each among the causes (R1.48)', () => {
    const error = required('spec.a', 'why');
    const status = invalidStatus('Kind', 'group', 'name', [error, error]);
    expect(status.message).to.equal('Kind.group "name" is invalid: spec.a: Required value: why');
    expect((status.details as { causes: object[] }).causes).to.have.lengthOf(2);
  });
});
