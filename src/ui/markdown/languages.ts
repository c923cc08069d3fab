/** Which grammar colours a block of code, by the word after its fence. */
export type GrammarName = keyof typeof NAMES;

const NAMES = {
  c: 'c h',
  clojure: 'clojure clj cljs edn',
  cpp: 'cpp c++ cc cxx hpp hh cuda',
  csharp: 'csharp c# cs',
  css: 'css',
  dart: 'dart',
  diff: 'diff patch udiff',
  dockerfile: 'dockerfile docker containerfile',
  elm: 'elm',
  erlang: 'erlang erl',
  fsharp: 'fsharp f# fs',
  go: 'go golang',
  groovy: 'groovy gradle jenkinsfile',
  haskell: 'haskell hs',
  html: 'html htm xhtml vue svelte',
  java: 'java',
  javascript: 'javascript js jsx mjs cjs node',
  json: 'json json5 jsonc jsonl ndjson',
  julia: 'julia jl',
  kotlin: 'kotlin kt kts',
  latex: 'latex tex stex',
  less: 'less',
  lua: 'lua',
  nginx: 'nginx nginxconf',
  objectiveC: 'objective-c objectivec objc obj-c',
  ocaml: 'ocaml ml',
  perl: 'perl pl pm',
  powershell: 'powershell ps1 pwsh ps',
  properties: 'properties ini cfg conf dotenv env editorconfig',
  protobuf: 'protobuf proto proto3',
  python: 'python py python3 py3 pyi gyp',
  r: 'r rscript',
  ruby: 'ruby rb rake gemspec',
  rust: 'rust rs',
  scala: 'scala sc sbt',
  scss: 'scss',
  shell: 'bash sh shell zsh ksh shellscript console shell-session terminal',
  sql: 'sql mysql mariadb sqlite postgres postgresql pgsql plsql tsql',
  swift: 'swift',
  toml: 'toml',
  typescript: 'typescript ts tsx mts cts',
  xml: 'xml svg xsl xslt xsd rss atom plist pom',
  yaml: 'yaml yml',
};

/** Undefined for a language without a grammar, and for code of which nobody said what it is. */
export function findGrammar(language: string): GrammarName | undefined {
  return BY_NAME.get(language.toLowerCase());
}

const BY_NAME = new Map(
  Object.entries(NAMES).flatMap(([grammar, names]) =>
    names.split(' ').map((name): [string, GrammarName] => [name, grammar as GrammarName]),
  ),
);
