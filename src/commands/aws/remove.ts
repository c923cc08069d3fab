import { removeAwsRecord } from '../../vault/aws-record.ts';
import { valueCommand } from '../define.ts';

export const remove = valueCommand<Record<never, never>, boolean>({
  summary: 'Remove the keys of AWS at once',
  description:
    'Remove the keys of AWS from this machine, at once and without asking. At AWS they stay valid until they are deleted there (IAM, Security credentials).',
  options: {},
  examples: [{ command: 'mira aws remove', shows: 'they are gone from this machine' }],
  run: async (context) => {
    const { records } = await context.vault();
    return context.withoutInterruption(() => removeAwsRecord(records));
  },
  human: (removed) =>
    removed ? 'Removed. At AWS they stay valid until they are deleted there.' : 'There were none.',
  json: (removed) => ({ schema: 'mira.aws.remove/1', removed }),
});
