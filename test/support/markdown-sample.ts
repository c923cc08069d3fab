/** An answer with a little of everything that markdown has, and one in many scripts. */
export const MARKDOWN = `# Release notes

Some *words* with \`code\` and a [link](https://example.org/manual).

- first item
- second item that is rather long, so that it has to be broken into rows in a window as wide as most are
  1. nested one
  2. nested two

> A quote that goes on for more than one row of a window of eighty columns, because it says a lot.

| name | value | remark |
|---|---:|---|
| alpha | 1 | short |
| beta | 20000 | a longer remark |

\`\`\`ts
export function greet(name: string): string {
  return \`Hello, \${name}! This line of code is longer than eighty columns, and must stay one line to copy.\`;
}
\`\`\`

That was all.`;

export const SCRIPTS: readonly string[] = [
  '第一段：设备代码让没有浏览器的程序请人在别处批准它，' + '这一行比任何窗口都宽，所以要折行。'.repeat(6),
  'مرحبا بالعالم، رموز الأجهزة تسمح لبرنامج بلا متصفح أن يطلب من شخص الموافقة عليه في مكان آخر، ١٢٣٤.',
  'Joined: 👨\u200d👩\u200d👧 👩🏽\u200d🚀 🏳\ufe0f\u200d🌈 flags 🇩🇪🇯🇵🇧🇷 tones 👍🏻👍🏼👍🏽👍🏾👍🏿 keys 1\ufe0f\u20e3 #\ufe0f\u20e3 heart ❤\ufe0f end.',
  '👨\u200d👩\u200d👧'.repeat(60),
  'Marks: e\u0301a\u0308n\u0303 ก็ที่ สวัสดี नमस्ते क्षि Z\u0335\u0321\u0322a\u0336\u0321l\u0334\u0322g\u0337\u0328o\u0335\u0322 done.',
];
