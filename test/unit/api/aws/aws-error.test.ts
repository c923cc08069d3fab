import { describe, expect, it } from 'vitest';
import { awsFailure } from '../../../../src/api/aws/aws-error.ts';
import { createKeys } from '../../../support/aws/start-aws.ts';

const facts = {
  credential: { kind: 'keys', ...createKeys(), source: 'mira aws set', mend: 'mira aws set' },
  region: 'eu-south-1',
  now: 0,
} as const;

function refusal(code: string, message: string): Parameters<typeof awsFailure>[0] {
  return {
    status: 403,
    headers: {},
    url: new URL('https://sts.eu-south-1.amazonaws.com/'),
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
  };
}

describe('what AWS says of a request that it refuses', () => {
  it('names the region that the account does not use', () => {
    const { error } = awsFailure(
      refusal('RegionDisabledException', 'STS is not activated in this region for account:1.'),
      facts,
    );
    expect([error.code, error.message, error.hint]).toEqual([
      'forbidden',
      'The account does not use the region eu-south-1, or AWS answers for no keys there.',
      'Choose another region (AWS_REGION, --region), or have it switched on in the AWS console (Account, Regions).',
    ]);
  });

  it.each([
    ['wrong', undefined],
    ['wrong', 400],
    ['13 min behind theirs', -720_000 - 1],
  ])('tells that the clock is %s', (words, skewMs) => {
    const message =
      'Signature expired: 20261121T000000Z is now earlier than 20261121T001000Z (20261121T002500Z - 15 min.)';
    const { error, isClock } = awsFailure(refusal('SignatureDoesNotMatch', message), { ...facts, skewMs });
    expect([error.message, isClock]).toEqual([
      `AWS does not believe the time of the request: the clock of this machine is ${words}.`,
      true,
    ]);
  });
});
