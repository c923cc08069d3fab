import type { KnipConfig } from 'knip';

/** Where reading begins; what cannot be reached from here is dead. */
const config: KnipConfig = {
  entry: [
    'src/main.ts',
    'src/store/keychain-helper.ts',
    'scripts/*.js',
    'bench/*.js',
    'bench/*/*-process.js',
    // Started in a terminal by the tests beside them.
    'test/unit/ui/support/*-program.ts',
    'test/**/*.test.{ts,tsx}',
    // Started as processes of their own.
    'test/**/*-{child,process,program}.ts',
  ],
  // A type may be exported because an exported function mentions it.
  ignoreExportsUsedInFile: { interface: true, type: true },
  // Programs of the operating system, which scripts/set-up/system.js brings.
  exclude: ['binaries'],
  project: ['{src,test,bench,scripts,lint,bin}/**/*.{ts,tsx,js}', '*.config.ts'],
};

export default config;
