//! The bytes of a fingerprint, as the database keeps them: whatever they are, reading them ends and does not panic, and
//! what was read is written and read back unchanged.

#![no_main]

use cenotaph::fingerprint::Fingerprint;
use libfuzzer_sys::fuzz_target;

/// Bytes of the checksum at the end.
const CHECK: usize = 4;

fuzz_target!(|body: &[u8]| {
    let _ = Fingerprint::from_bytes(body);
    // With a checksum that is right, so that the parser is reached and not only the check.
    let mut bytes = body.to_vec();
    bytes.extend(&blake3::hash(body).as_bytes()[..CHECK]);
    if let Ok(read) = Fingerprint::from_bytes(&bytes) {
        let written = read.to_bytes();
        let again = Fingerprint::from_bytes(&written).expect("its own bytes are read");
        assert_eq!(again.to_bytes(), written);
    }
});
