/** The live region as Ink draws it. It decides nothing: rows come in, keys go out. */
import { Box, Text, useCursor, useInput, usePaste } from 'ink';
import type { ReactNode } from 'react';
import type { Style } from '../style.ts';
import { chatKeys, pastedKeys, type ChatKey } from './keys.ts';
import type { Picture } from './layout.ts';
import { paint } from '../theme.ts';

export interface ChatViewProps {
  readonly picture: Picture;
  readonly style: Style;
  readonly onKeys: (keys: readonly ChatKey[]) => void;
}

export function ChatView({ picture, style, onKeys }: ChatViewProps): ReactNode {
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
