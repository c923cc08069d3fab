/**
 * What packages do when they are loaded and mira never needs, each a matter of milliseconds of every start. An edit
 * that finds nothing to change stops the build: then the package does it in another way.
 */
const undici = (path) => new RegExp(`[\\\\/]undici[\\\\/]lib[\\\\/]${path.replaceAll('/', '[\\\\/]')}\\.js$`);

/** Answers come to the AWS clients whole, so nothing is left to collect. */
const OWN_HANDLER = 'const RequestHandler = { create: (handler) => handler }, streamCollector = undefined;';

const EDITS = [
  {
    // Node makes a stream of standard output by changing what everybody shares who writes there: a program beside mira
    // (`make -j`) would then fail with EAGAIN. execa asks for all three streams only to tell them from others.
    file: /[\\/]execa[\\/]lib[\\/]utils[\\/]standard-stream\.js$/,
    from: '[process.stdin, process.stdout, process.stderr]',
    to: '[]',
  },
  {
    file: /[\\/]execa[\\/]lib[\\/]stdio[\\/]direction\.js$/,
    from: '[0, process.stdin].includes(value)',
    to: 'value === 0',
  },
  {
    file: /[\\/]execa[\\/]lib[\\/]stdio[\\/]direction\.js$/,
    from: '[1, 2, process.stdout, process.stderr].includes(value)',
    to: '[1, 2].includes(value)',
  },
  {
    // It prints nothing, so it need not know whether it may in colour.
    file: /[\\/]execa[\\/]lib[\\/]verbose[\\/]default\.js$/,
    from: 'process.env.FORCE_COLOR !== undefined || process.stderr.isTTY === true',
    to: 'false',
  },
  {
    // With DEV set in the environment, which has many reasons, Ink looks for React's development tools. It reads
    // it from an imported `process`, out of reach of `define`.
    file: /[\\/]ink[\\/]build[\\/](?:ink|reconciler)\.js$/,
    from: "process.env['DEV'] === 'true'",
    to: 'false',
  },
  // Ink's layout holds its WebAssembly as base64, would fetch it from itself, which brings all that Node needs to fetch
  // anything, and is a module that waits. One module that waits keeps the bundler from joining any chunks.
  {
    file: /[\\/]yoga-layout[\\/]dist[\\/]binaries[\\/]yoga-wasm-base64-esm\.js$/,
    from: 'if(h.instantiateWasm)',
    to: 'return a(new WebAssembly.Instance(new WebAssembly.Module(wa()),d)),{};if(h.instantiateWasm)',
  },
  {
    file: /[\\/]yoga-layout[\\/]dist[\\/]binaries[\\/]yoga-wasm-base64-esm\.js$/,
    from: 'return loadYoga.ready',
    to: 'return loadYoga',
  },
  {
    file: /[\\/]yoga-layout[\\/]dist[\\/]src[\\/]index\.js$/,
    from: 'await loadYoga()',
    to: 'loadYoga()',
  },
  {
    // The set of all emoji takes longer to compile than all else that Ink measures text with. Each has one of these.
    file: /[\\/](?:ink|widest-line|wrap-ansi|slice-ansi|cli-truncate)[\\/]node_modules[\\/]string-width[\\/]index\.js$/,
    from: 'rgiEmojiRegex.test(',
    to: '/[\\p{Emoji_Presentation}\\uFE0F]/u.test(segment) && rgiEmojiRegex.test(',
  },
  {
    // HTTP/2 is never negotiated (allowH2: false).
    file: undici('dispatcher/client'),
    from: "require('./client-h2.js')",
    to: 'undefined',
  },
  {
    // For the largest header alone, which mira sets.
    file: undici('dispatcher/client'),
    from: "require('node:http')",
    to: '{ maxHeaderSize: 16384 }',
  },
  {
    // To know an answer of node:http when it has to be destroyed; there is none.
    file: undici('core/util'),
    from: "require('node:http')",
    to: '{}',
  },
  {
    file: undici('core/util'),
    from: "const { stringify } = require('node:querystring')",
    to: "const stringify = (params) => process.getBuiltinModule('node:querystring').stringify(params)",
  },
  // Forms, which bring all of `fetch` along: mira sends texts and bytes.
  {
    file: undici('dispatcher/client-h1'),
    from: "extractBody = require('../web/fetch/body.js').extractBody",
    to: "throw new TypeError('no forms in this build')",
  },
  {
    file: undici('core/request'),
    from: "require('../web/fetch/formdata')",
    to: '',
  },
  {
    file: undici('core/request'),
    from: "require('../web/webidl').webidl.is.FormData",
    to: '() => false',
  },
  {
    // A second parser that is an experiment. Node's own copy of undici is without it as well, and says so by this.
    file: undici('dispatcher/client-h1'),
    from: "typeof esbuildDetection === 'undefined'",
    to: 'false',
  },
  {
    // Five modules to say that something never happens; loaded should it happen.
    file: undici('(?:dispatcher/client|dispatcher/client-h1|core/util|core/connect|core/request)'),
    from: "const assert = require('node:assert')",
    to: "const assert = (holds, ...rest) => { if (!holds) process.getBuiltinModule('node:assert')(holds, ...rest) }",
  },
  // The AWS clients are given their credentials, and our own HTTP to send with: what would find others (in files, at
  // single sign-on, in the metadata of a machine) and send otherwise is more than half of their code.
  {
    file: /[\\/]client-(?:sts|bedrock|bedrock-runtime)[\\/]dist-es[\\/]runtimeConfig\.js$/,
    from: 'import { defaultProvider as credentialDefaultProvider } from "@aws-sdk/credential-provider-node";',
    to: 'const credentialDefaultProvider = undefined;',
  },
  {
    file: /[\\/]client-(?:sts|bedrock)[\\/]dist-es[\\/]runtimeConfig\.js$/,
    from: 'import { NodeHttpHandler as RequestHandler, streamCollector } from "@smithy/node-http-handler";',
    to: OWN_HANDLER,
  },
  {
    file: /[\\/]client-bedrock-runtime[\\/]dist-es[\\/]runtimeConfig\.js$/,
    from: 'import { NodeHttp2Handler as RequestHandler, streamCollector } from "@smithy/node-http-handler";',
    to: OWN_HANDLER,
  },
  {
    file: /[\\/]client-bedrock(?:-runtime)?[\\/]dist-es[\\/]runtimeConfig\.js$/,
    from: 'import { fromEnvSigningName, nodeProvider } from "@aws-sdk/token-providers";',
    to: 'const fromEnvSigningName = undefined, nodeProvider = undefined;',
  },
];

export function withoutWaste() {
  return {
    name: 'without-waste',
    transform: {
      filter: { id: EDITS.map(({ file }) => file) },
      handler(code, id) {
        let edited = code;
        for (const { file, from, to } of EDITS) {
          if (!file.test(id)) continue;
          if (!edited.includes(from)) throw new Error(`${id} no longer says: ${from}`);
          edited = edited.replaceAll(from, () => to);
        }
        return { code: edited, map: null };
      },
    },
  };
}
