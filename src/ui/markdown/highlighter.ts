/** Colours for code, loaded language by language when the first block of it begins. */
import type { Highlight, LineHighlighter } from './color-code.ts';
import { findGrammar, type GrammarName } from './languages.ts';

/** `onLoaded` is called when a language that was asked for is there: lines that wait for it can be drawn. */
export function createHighlighter({ onLoaded }: { readonly onLoaded: () => void }): Highlight {
  const grammars = new Map<GrammarName, LineHighlighter | 'loading' | undefined>();

  async function load(name: GrammarName): Promise<void> {
    try {
      const { loadGrammar } = await import('./grammars.ts');
      grammars.set(name, await loadGrammar(name));
    } catch {
      // A damaged installation costs the colours, not the answer.
      grammars.set(name, undefined);
    }
    onLoaded();
  }

  return (language) => {
    const name = findGrammar(language);
    if (name === undefined) return undefined;
    if (!grammars.has(name)) {
      grammars.set(name, 'loading');
      void load(name);
    }
    return grammars.get(name);
  };
}
