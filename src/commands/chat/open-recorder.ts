import type { Context } from '../../context.ts';
import { createRecorder, noRecorder } from './recorder.ts';
import type { Recorder, RecorderOptions } from './recorder.ts';

export interface Saving extends Omit<RecorderOptions, 'profile'> {
  /** False for --no-save. */
  readonly saves: boolean;
}

/** The recorder that option and setting ask for. */
export async function openRecorder(context: Context, { saves, ...options }: Saving): Promise<Recorder> {
  const settings = await context.settings();
  if (!saves || settings.value('history') === 'off') return noRecorder;
  return createRecorder(context, { ...options, profile: settings.profile });
}
