//! Servers as beginners write them in Rust, each with one fault.
//!
//!     rustc -O -o strange strange.rs && ./strange KIND PORT
//!
//! KIND: unwraps-text (a thread for each client, and only text), unwraps-reads (one client at a
//! time, and a reset ends the program), 16-bits (half-open: the count is a u16), pieces (right:
//! the echo goes out in small pieces).

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

fn echo_text(mut stream: TcpStream) {
    let mut data = [0; 4096];
    while let Ok(size) = stream.read(&mut data) {
        if size == 0 {
            return;
        }
        let text = String::from_utf8(data[..size].to_vec()).unwrap();
        if stream.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn echo_in_turn(mut stream: TcpStream) {
    let mut data = [0; 4096];
    loop {
        let size = stream.read(&mut data).unwrap();
        if size == 0 || stream.write_all(&data[..size]).is_err() {
            return;
        }
    }
}

fn echo_in_pieces(mut stream: TcpStream) {
    let mut data = [0; 65536];
    while let Ok(size) = stream.read(&mut data) {
        if size == 0 {
            return;
        }
        for piece in data[..size].chunks(700) {
            if stream.write_all(piece).is_err() {
                return;
            }
        }
    }
}

fn count(mut stream: TcpStream) {
    let mut data = [0; 4096];
    let mut count: u16 = 0;
    while let Ok(size) = stream.read(&mut data) {
        if size == 0 {
            let _ = write!(stream, "received {} bytes\n", count);
            return;
        }
        count = count.wrapping_add(size as u16);
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let listener = TcpListener::bind(format!("127.0.0.1:{}", arguments[2])).unwrap();
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        match arguments[1].as_str() {
            "unwraps-text" => drop(std::thread::spawn(|| echo_text(stream))),
            "unwraps-reads" => echo_in_turn(stream),
            "16-bits" => drop(std::thread::spawn(|| count(stream))),
            _ => drop(std::thread::spawn(|| echo_in_pieces(stream))),
        }
    }
}
