import { MiraError } from '../../errors.ts';
import { valueCommand } from '../define.ts';

export const switchProfile = valueCommand<Record<never, never>, string>({
  summary: 'Make another profile the default',
  arguments: [{ syntax: '<name>', summary: 'the profile' }],
  options: {},
  examples: [{ command: 'mira auth switch work', shows: 'use profile work from now on' }],
  run: async (context, { args: [name = ''] }) => {
    if (!(await context.index.find(name))) {
      throw new MiraError('profile_not_found', 'No profile of that name is signed in.', {
        hint: 'See which there are: mira auth list',
      });
    }
    const { editConfig } = await import('../../store/config.ts');
    await editConfig({
      ...context.paths,
      uid: context.uid,
      changes: [{ key: 'default_profile', value: name }],
    });
    return name;
  },
  human: (profile) => `Profile ${profile} is now the default.`,
  json: (profile) => ({ schema: 'mira.auth.switch/1', profile }),
});
