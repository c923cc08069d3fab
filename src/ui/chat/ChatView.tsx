/** The live region as Ink draws it. It decides nothing: rows come in, keys go out. */
import { Box, Text, useApp, useCursor, useInput, usePaste } from 'ink';
import { useEffect, type ReactNode } from 'react';
import type { Style } from '../style.ts';
import { chatKeys, pastedKeys, type ChatKey } from './keys.ts';
import type { Picture } from './layout.ts';
import { paint } from '../theme.ts';

export interface ChatViewProps {
  readonly picture: Picture;
  readonly style: Style;
  readonly onKeys: (keys: readonly ChatKey[]) => void;
  /** Called with what lends the terminal, which only a component can reach. */
  readonly onReady: (lend: LendTerminal) => void;
}

/** Runs the work with the terminal as it was before Ink, and takes it back. */
export type LendTerminal = (work: () => Promise<void>) => Promise<unknown>;

export function ChatView({ picture, style, onKeys, onReady }: ChatViewProps): ReactNode {
  const { suspendTerminal } = useApp();
  useEffect(() => {
    onReady(suspendTerminal);
  }, [onReady, suspendTerminal]);
  const { setCursorPosition } = useCursor();
  useInput((input, key) => onKeys(chatKeys(input, key)));
  usePaste((text) => onKeys(pastedKeys(text)));
  // The terminal's own cursor stands at the caret, so that input methods compose in place.
  setCursorPosition(picture.caret);
  return (
    <Box flexDirection="column">
      {picture.rows.map((row, index) => (
        // A row is its place: nothing in it lives on when another text takes it.
        <Text key={index} wrap="truncate-end">
          {row.text === '' ? ' ' : paint(row, style)}
        </Text>
      ))}
    </Box>
  );
}
