//! Right servers in Rust, written for the suite to judge: std only, a thread for each client.
//!
//!     rustc -O -o services services.rs && ./services PROFILE PORT
//!
//! Profiles: echo, greet, half-open, quit, hello, discard.

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

fn each_piece(
    client: &mut TcpStream,
    mut answer: impl FnMut(&mut TcpStream, &mut [u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut data = vec![0; 65536];
    loop {
        match client.read(&mut data) {
            Ok(0) => return Ok(()),
            Ok(got) => answer(client, &mut data[..got])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn greet(client: &mut TcpStream) -> io::Result<()> {
    client.write_all(b"Hello! I am TCP server\n")?;
    let until = Instant::now() + Duration::from_millis(300);
    let mut data = vec![0; 65536];
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        if left.is_zero() {
            break;
        }
        client.set_read_timeout(Some(left))?;
        match client.read(&mut data) {
            Ok(0) => {
                thread::sleep(until.saturating_duration_since(Instant::now()));
                break;
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::TimedOut => break,
            Err(error) => return Err(error),
        }
    }
    client.write_all(b"Good bye!\n\n\n")?;
    client.shutdown(Shutdown::Write)?;
    client.set_read_timeout(None)?;
    each_piece(client, |_, _| Ok(()))
}

fn serve(profile: &str, mut client: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    match profile {
        "echo" => each_piece(&mut client, |client, data| client.write_all(data)),
        "discard" => each_piece(&mut client, |_, _| Ok(())),
        "hello" => each_piece(&mut client, |client, _| {
            client.write_all(b"Hello World form the server!")
        }),
        "quit" => {
            client.write_all(b"Hello from the server!\n")?;
            each_piece(&mut client, |client, data| {
                data.make_ascii_uppercase();
                let mut answer = data.to_vec();
                answer.extend_from_slice(b"QUIT");
                client.write_all(&answer)
            })
        }
        "half-open" => {
            let mut count = 0;
            each_piece(&mut client, |_, data| {
                count += data.len();
                Ok(())
            })?;
            client.write_all(format!("received {count} bytes\n").as_bytes())
        }
        "greet" => greet(&mut client),
        _ => Ok(()),
    }
}

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().collect();
    let listener = TcpListener::bind(("127.0.0.1", words[2].parse().expect("a port")))?;
    for client in listener.incoming().flatten() {
        let profile = words[1].clone();
        thread::spawn(move || serve(&profile, client));
    }
    Ok(())
}
