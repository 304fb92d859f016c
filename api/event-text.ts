/** What an event says; about whom and when is the business of whoever emits it. */
export interface EventText {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** Says how things are, not what was done: it is told when it begins, not in every pass that finds it so. */
  readonly standing?: true;
}
