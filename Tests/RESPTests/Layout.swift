// Tests of RESP.
