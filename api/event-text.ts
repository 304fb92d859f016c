/** What an event says; about whom and when is the business of whoever emits it. */
export interface EventText {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}
