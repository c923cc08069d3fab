import { describe, expect, it } from 'vitest';
import type { AwsService } from '../../../../src/api/aws/access.ts';
import { awsEndpoint, requireAwsRegion } from '../../../../src/api/aws/endpoint.ts';

describe('the address of a service of AWS', () => {
  it.each([
    ['us-east-1', 'https://sts.us-east-1.amazonaws.com/'],
    ['us-gov-west-1', 'https://sts.us-gov-west-1.amazonaws.com/'],
    ['cn-north-1', 'https://sts.cn-north-1.amazonaws.com.cn/'],
    ['us-iso-east-1', 'https://sts.us-iso-east-1.c2s.ic.gov/'],
    ['us-isob-east-1', 'https://sts.us-isob-east-1.sc2s.sgov.gov/'],
    ['us-isof-south-1', 'https://sts.us-isof-south-1.csp.hci.ic.gov/'],
    ['eu-isoe-west-1', 'https://sts.eu-isoe-west-1.cloud.adc-e.uk/'],
    ['eusc-de-east-1', 'https://sts.eusc-de-east-1.amazonaws.eu/'],
  ])('in %s is %s', (region, address) => {
    expect(requireAwsRegion(region, 'AWS_REGION')).toBe(region);
    expect(awsEndpoint({ service: 'sts', region, env: {} }).href).toBe(address);
  });

  it.each<[AwsService, string]>([
    ['sts', 'http://127.0.0.1:1/'],
    ['bedrock', 'http://127.0.0.1:2/'],
    ['bedrock-runtime', 'http://127.0.0.1:3/'],
  ])('is what the variable for %s says, before the one for all', (service, address) => {
    const env = {
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1',
      AWS_ENDPOINT_URL_BEDROCK: 'http://127.0.0.1:2',
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: 'http://127.0.0.1:3',
    };
    expect(awsEndpoint({ service, region: 'us-east-1', env }).href).toBe(address);
  });

  it.each(['', 'us-east', 'us-east-1.example', 'US-EAST-1', 'us-east-1/', 'a-1', 'us-east-1\n', 'us east-1'])(
    'is made of no region like %j',
    (region) => {
      expect(() => requireAwsRegion(region, 'AWS_REGION')).toThrow(
        'The region from AWS_REGION is not one of AWS.',
      );
    },
  );
});
