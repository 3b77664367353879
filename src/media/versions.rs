//! The versions of the FFmpeg libraries in use.

/// Names and versions of the FFmpeg libraries in use, in one line. Fingerprints are reproducible with one build only.
pub fn versions() -> String {
    let part = |name: &str, version: u32| {
        format!("{name} {}.{}.{}", version >> 16, version >> 8 & 0xff, version & 0xff)
    };
    let libraries = [
        part("libavformat", ffmpeg_next::format::version()),
        part("libavcodec", ffmpeg_next::codec::version()),
        part("libavutil", ffmpeg_next::util::version()),
        part("libswscale", ffmpeg_next::software::scaling::version()),
        part("libswresample", ffmpeg_next::software::resampling::version()),
    ];
    libraries.join(", ")
}
