/** A failure of the demo that one line explains. */
export class DemoFailure extends Error {
  name = 'DemoFailure';
}
