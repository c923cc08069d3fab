/** The live region as Ink draws it. It decides nothing: rows come in, keys go out. */
import { Box, Text, useInput, usePaste } from 'ink';
import type { ReactNode } from 'react';
import type { Row } from '../rows.ts';
import type { Style } from '../style.ts';
import { paint } from '../theme.ts';
import { loginKeys, type LoginKey } from './keys.ts';

export interface LoginViewProps {
  readonly rows: readonly Row[];
  readonly style: Style;
  readonly onKeys: (keys: readonly LoginKey[]) => void;
}

export function LoginView({ rows, style, onKeys }: LoginViewProps): ReactNode {
  useInput((input, key) => onKeys(loginKeys(input, key)));
  // There is nothing to paste into here, and a pasted text is no row of keys.
  usePaste(() => {});
  return (
    <Box flexDirection="column">
      {rows.map((row, index) => (
        // A row is its place: nothing in it lives on when another text takes it.
        <Text key={index} wrap="truncate-end">
          {row.text === '' ? ' ' : paint(row, style)}
        </Text>
      ))}
    </Box>
  );
}
